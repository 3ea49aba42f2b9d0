/** How handshakes end, and how they fail to. */

import { Buffer } from "node:buffer";
import type { PeerCertificate } from "node:tls";
import { certificates, type Identity } from "../../peers/certificates.ts";
import { judge } from "../../peers/sockets/judge.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

judge("the name to verify is another one than the name to connect to", async (scene) => {
  const port = await scene.serve((peer) => scene.served(`${peer.servername}`), {
    SNICallback: (name, done) => {
      scene.served(`asked for ${name}`);
      done(null);
    },
  });
  const socket = scene.connect({ port, servername: "a.firstflight.test" });
  await scene.stands(socket);
  scene.tells(socket);
});

/** A certificate that is not taken. */
async function refuse(scene: Scene, identity: Identity, name = "localhost"): Promise<void> {
  const { cert, key } = identity;
  const port = await scene.serve(() => {}, { cert, key });
  const socket = scene.connect({ port, servername: name });
  scene.write(socket, "secret");
  socket.on("error", (error) => {
    const { cert } = error as { cert?: PeerCertificate };
    scene.note(`certificate of the error: ${cert?.subject?.CN} ${cert?.subjectaltname}`);
  });
  await scene.event(socket, "close");
  scene.tells(socket);
}

/** Deno's own sends what was written before it has looked at the name. */
const TELLS_TOO_EARLY = "It says that a write is done before the name was looked at.";
/** Deno and Bun know fewer faults by name. */
const FAULTS = {
  deno: "It calls most faults the same, and sets no authorizationError.",
  bun: "It calls a certificate that has signed itself one without an issuer.",
};

judge("a certificate for another name", async (scene) => {
  await refuse(scene, certificates().wrongName, "elsewhere.test");
}, { judgedByNode: { deno: TELLS_TOO_EARLY } });
judge("a certificate without the address", async (scene) => {
  await refuse(scene, certificates().wrongName, "");
}, { judgedByNode: { deno: TELLS_TOO_EARLY } });
judge("a certificate that has signed itself", async (scene) => {
  await refuse(scene, certificates().selfSigned);
}, { judgedByNode: FAULTS });
judge("a certificate of an authority that is not known", async (scene) => {
  await refuse(scene, certificates().untrusted);
}, { judgedByNode: FAULTS });
judge("a certificate that has expired", async (scene) => {
  await refuse(scene, certificates().expired);
}, { judgedByNode: FAULTS });
judge("a certificate that is not valid yet", async (scene) => {
  await refuse(scene, certificates().notYetValid);
}, { judgedByNode: FAULTS });
judge("a certificate whose chain is missing", async (scene) => {
  const { leaf, key } = certificates().server;
  await refuse(scene, { ...certificates().server, cert: leaf, key });
}, { judgedByNode: FAULTS });

judge("checkServerIdentity is asked once, before secureConnect", async (scene) => {
  const { cert, key } = certificates().wrongName;
  const port = await scene.serve(() => {}, { cert, key });
  const socket = scene.connect({
    port,
    servername: "elsewhere.test",
    checkServerIdentity(name, certificate) {
      const { subject, subjectaltname } = certificate;
      scene.note(`asked: ${name} ${subject.CN} ${subjectaltname}`);
      return undefined;
    },
  });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("checkServerIdentity returns an error", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({
    port,
    servername: "localhost",
    checkServerIdentity: () => Object.assign(new Error("not you"), { code: "NOT_YOU" }),
  });
  scene.write(socket, "secret");
  await scene.event(socket, "close");
  scene.tells(socket);
}, { judgedByNode: { deno: TELLS_TOO_EARLY } });

judge("checkServerIdentity is not asked where the chain is not trusted", async (scene) => {
  const { cert, key } = certificates().untrusted;
  const port = await scene.serve(() => {}, { cert, key });
  const socket = scene.connect({
    port,
    servername: "localhost",
    checkServerIdentity: () => void scene.note("asked"),
  });
  await scene.event(socket, "close");
});

/** Whether TCP's connection is told of before it has failed is nobody's promise. */
const HANDSHAKE = ["secureConnect", "error", "close"];

judge("a server that closes instead of a hello", async (scene) => {
  const port = await scene.serveTcp((peer) => void peer.once("data", () => peer.end()));
  const socket = scene.connect({ port }, HANDSHAKE);
  scene.write(socket, "early");
  socket.on("error", (error) => scene.note(error.message));
  await scene.event(socket, "close");
}, { judgedByNode: { bun: "It says that the socket is closed, and not by whom." } });

judge("a server that closes at once", async (scene) => {
  const port = await scene.serveTcp((peer) => void peer.end());
  const socket = scene.connect({ port }, HANDSHAKE);
  await scene.event(socket, "close");
});

judge("a server that resets instead of a hello", async (scene) => {
  const port = await scene.serveTcp((peer) => void peer.once("data", () => peer.resetAndDestroy()));
  const socket = scene.connect({ port }, HANDSHAKE);
  scene.write(socket, "early");
  await scene.event(socket, "close");
}, { judgedByNode: { deno: "It takes a reset for an end." } });

judge("a server that speaks plain text", async (scene) => {
  const port = await scene.serveTcp((peer) => {
    peer.once("data", () => peer.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  });
  const socket = scene.connect({ port });
  await scene.event(socket, "close");
});

judge("a server that answers with an alert", async (scene) => {
  const port = await scene.serveTcp((peer) => {
    peer.once("data", () => peer.end(Buffer.from([21, 3, 3, 0, 2, 2, 40])));
  });
  const socket = scene.connect({ port });
  await scene.event(socket, "close");
});

judge("a server that answers with an alert, while a write waits", async (scene) => {
  const port = await scene.serveTcp((peer) => {
    peer.once("data", () => peer.end(Buffer.from([21, 3, 3, 0, 2, 2, 70])));
  });
  const socket = scene.connect({ port });
  scene.write(socket, "early");
  await scene.event(socket, "close");
});

judge("ALPN: one protocol in common", async (scene) => {
  const port = await scene.serve(() => {}, { ALPNProtocols: ["x", "http/1.1"] });
  const socket = scene.connect({ port, ALPNProtocols: ["h2", "http/1.1"] });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("ALPN: none in common", async (scene) => {
  const port = await scene.serve(() => {}, { ALPNProtocols: ["x"] });
  const socket = scene.connect({ port, ALPNProtocols: ["h2"] });
  await scene.event(socket, "close");
});

judge("ALPN: a server that knows none", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, ALPNProtocols: ["h2"] });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("no version in common", async (scene) => {
  const port = await scene.serve(() => {}, { maxVersion: "TLSv1.2" });
  const socket = scene.connect({ port, minVersion: "TLSv1.3" });
  await scene.event(socket, "close");
});

judge("TLS 1.2", async (scene) => {
  const port = await scene.serve((peer) => peer.end("hello"), { maxVersion: "TLSv1.2" });
  const socket = scene.connect({ port });
  socket.resume();
  await scene.event(socket, "close");
});

judge("a certificate of the client's", async (scene) => {
  const { cert, key } = certificates().client;
  const port = await scene.serve((peer) => {
    scene.served(`${peer.getPeerCertificate().subject.CN}`);
    peer.write("x");
  }, { requestCert: true, ca: certificates().ca });
  const socket = scene.connect({ port, cert, key });
  await scene.stands(socket);
  socket.resume();
  await scene.event(socket, "data");
});
