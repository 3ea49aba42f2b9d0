/** What else a socket tells, and the other ways to make one connect. */

import { Buffer } from "node:buffer";
import { connect as connectTcp } from "node:net";
import { judge } from "../../peers/sockets/judge.ts";

judge("keylog: what is needed to read along", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  const labels = new Set<string>();
  const whole = new Set<boolean>();
  socket.on("keylog", (line) => {
    labels.add(String(line).split(" ")[0] ?? "");
    whole.add(/^\w+ [0-9a-f]{64} [0-9a-f]{64,96}\n$/.test(String(line)));
  });
  await scene.stands(socket);
  await scene.settle();
  scene.note([...labels].sort().join(" "));
  scene.note(`whole lines: ${[...whole]}`);
}, { judgedByNode: { deno: "It has no keylog." }, needs: "keyLog" });

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  judge(`session: ${maxVersion}`, async (scene) => {
    const port = await scene.serve((peer) => void peer.write("hello"), { maxVersion });
    const socket = scene.connect({ port });
    const sessions: unknown[] = [];
    socket.on("session", (session) => sessions.push(session));
    socket.on("data", () => {});
    await scene.event(socket, "data");
    await scene.settle();
    scene.note(`${sessions.length > 0} ${sessions.every((each) => each instanceof Uint8Array)}`);
    const session = socket.getSession();
    scene.note(`${session instanceof Uint8Array} ${socket.isSessionReused()}`);
  }, { judgedByNode: { deno: "In TLS 1.2 it has no event for a session." }, needs: "resumption" });
}

judge("the same key material on both sides", async (scene) => {
  const material: string[] = [];
  const port = await scene.serveByListener((peer) => {
    material.push(peer.exportKeyingMaterial(32, "EXPORTER-judge", Buffer.alloc(0)).toString("hex"));
  });
  const socket = scene.connect({ port });
  await scene.stands(socket);
  const mine = socket.exportKeyingMaterial(32, "EXPORTER-judge", Buffer.alloc(0)).toString("hex");
  await scene.until("the server's", () => material.length > 0);
  scene.note(`${mine === material[0]} ${mine.length}`);
}, { judgedByNode: { deno: "It has no exportKeyingMaterial." } });

judge("what a connection tells of itself", async (scene) => {
  const port = await scene.serveByListener(() => {});
  const socket = scene.connect({ port, servername: "localhost" });
  await scene.stands(socket);
  const { name, standardName, version } = socket.getCipher();
  scene.note(`${name} ${standardName} ${version} ${socket.getProtocol()}`);
  const certificate = socket.getPeerCertificate();
  const { subject, issuer, subjectaltname, fingerprint256, valid_to, serialNumber } = certificate;
  scene.note(
    scene.show({ subject, issuer, subjectaltname, fingerprint256, valid_to, serialNumber }),
  );
  scene.note(`${certificate.raw.length > 100} ${socket.getPeerX509Certificate()?.subject}`);
  const { address, family } = socket.address() as { address: string; family: string };
  scene.note(`${address} ${family}`);
});

judge("what both have said in the end of the handshake", async (scene) => {
  const said: string[] = [];
  const port = await scene.serveByListener((peer) => {
    said.push(`${peer.getFinished()?.toString("hex")} ${peer.getPeerFinished()?.toString("hex")}`);
  });
  const socket = scene.connect({ port });
  await scene.stands(socket);
  await scene.until("the server's word", () => said.length > 0);
  const [own, peers] = [socket.getFinished(), socket.getPeerFinished()];
  scene.note(`${said[0] === `${peers?.toString("hex")} ${own?.toString("hex")}`}`);
}, { judgedByNode: { bun: "It does not tell.", deno: "It does not tell." } });

judge("the chain of the peer's certificate", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  await scene.stands(socket);
  const names: string[] = [];
  const seen = new Set<string>();
  let each = socket.getPeerCertificate(true);
  while (each && !seen.has(each.fingerprint256)) {
    seen.add(each.fingerprint256);
    names.push(String(each.subject.CN));
    each = each.issuerCertificate;
  }
  scene.note(names.join(" < "));
});

/** The stream below tells of its own connection. This one has "ready" besides. */
const OVER = ["connect", "secureConnect", "data", "end", "finish", "error", "close"];

judge("over a connection of the caller's", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const tunnel = connectTcp(port, "127.0.0.1");
  scene.finally(() => void tunnel.destroy());
  const socket = scene.connect({ socket: tunnel, servername: "localhost" }, OVER);
  socket.on("data", () => {});
  scene.write(socket, "hello");
  await scene.event(socket, "data");
  scene.note(`${tunnel.destroyed}`);
  scene.end(socket);
  await scene.event(socket, "close");
  await scene.until("the tunnel's end", () => tunnel.destroyed);
});

judge("over a connection of the caller's that breaks", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const tunnel = connectTcp(port, "127.0.0.1");
  scene.finally(() => void tunnel.destroy());
  const socket = scene.connect({ socket: tunnel, servername: "localhost" }, OVER);
  socket.on("data", () => {});
  scene.write(socket, "hello");
  await scene.event(socket, "data");
  tunnel.destroy();
  await scene.event(socket, "close");
});

judge("over a connection of the caller's that is destroyed from above", async (scene) => {
  const port = await scene.serve((peer) => void peer.pipe(peer));
  const tunnel = connectTcp(port, "127.0.0.1");
  scene.finally(() => void tunnel.destroy());
  const socket = scene.connect({ socket: tunnel, servername: "localhost" }, OVER);
  await scene.stands(socket);
  socket.destroy();
  await scene.event(socket, "close");
  await scene.until("the tunnel's end", () => tunnel.destroyed);
});

judge("a listener for an event that is added in another event", async (scene) => {
  const port = await scene.serve((peer) => void peer.end("hello"));
  const socket = scene.connect({ port });
  socket.once("connect", () => {
    scene.note("connected");
    socket.once("ready", () => scene.note("ready"));
    socket.once("secureConnect", () => {
      scene.note("secure");
      socket.on("data", () => {});
      socket.once("end", () => scene.note("ended"));
    });
  });
  await scene.event(socket, "close");
});
