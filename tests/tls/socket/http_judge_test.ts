/** What HTTP does with a socket: pools, bodies, upgrades, and servers that go away. */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, type AgentOptions, request, type RequestOptions } from "node:https";
import type { Duplex, Stream } from "node:stream";
import type { TLSSocket } from "node:tls";
import { startNginx } from "../../peers/nginx.ts";
import { requirePeer } from "../../peers/peer.ts";
import { judge } from "../../peers/sockets/judge.ts";
import type { Scene } from "../../peers/sockets/scene.ts";

/** An agent whose connections are those of the scene. */
class SceneAgent extends Agent {
  readonly made: TLSSocket[] = [];
  readonly #scene: Scene;

  constructor(scene: Scene, options: AgentOptions) {
    super(options);
    this.#scene = scene;
    scene.finally(() => this.destroy());
  }

  override createConnection(options: RequestOptions & { timeout?: number }): Duplex {
    const { port, timeout } = options;
    const given = { port: Number(port), ...(timeout ? { timeout } : {}) };
    // When events come among those of the agent differs from runtime to runtime.
    const socket = this.#scene.connect(given, ["secureConnect", "error"]);
    this.made.push(socket);
    return socket;
  }

  /** How many sockets are kept, and how many are in use. */
  get pool(): string {
    const count = (sockets: NodeJS.ReadOnlyDict<unknown[]>) => Object.values(sockets).flat().length;
    return `${count(this.freeSockets)} free, ${
      count(this.sockets)
    } in use, ${this.made.length} made`;
  }
}

/** Resolves at the end of a stream, however it came to it. */
function closeOf(stream: Stream): Promise<void> {
  return new Promise((resolve) => stream.once("close", () => resolve()));
}

/** Sends a request, and writes down what becomes of it. */
function ask(scene: Scene, agent: SceneAgent, options: RequestOptions, name = ""): ClientRequest {
  const outgoing = request({ host: "127.0.0.1", agent, ...options });
  outgoing.on("response", (answer: IncomingMessage) => {
    const { statusCode, httpVersion } = answer;
    scene.note(`${name}answer ${statusCode} HTTP/${httpVersion} reused ${outgoing.reusedSocket}`);
  });
  outgoing.on("error", (error) => scene.note(`${name}request's error ${scene.show(error)}`));
  outgoing.on("timeout", () => scene.note(`${name}request's timeout`));
  outgoing.on("continue", () => scene.note(`${name}continue`));
  return outgoing;
}

/** The answer of a request, whole. */
async function whole(scene: Scene, outgoing: ClientRequest): Promise<void> {
  const [answer] = await once(outgoing, "response") as [IncomingMessage];
  let body = "";
  answer.setEncoding("latin1").on("data", (chunk) => body += chunk);
  await closeOf(answer);
  const shown = body.length > 100 ? `${body.length} bytes` : body;
  scene.note(`body ${shown} complete ${answer.complete}`);
}

async function get(scene: Scene, agent: SceneAgent, port: number, name = ""): Promise<void> {
  const outgoing = ask(scene, agent, { port, path: "/" }, name);
  outgoing.end();
  await whole(scene, outgoing);
  await scene.settle(); // The agent takes it back.
}

/** Calls `answer` for each request of a connection; bodies are not understood. */
function serving(answer: (peer: TLSSocket, head: string) => void): (peer: TLSSocket) => void {
  return (peer) => {
    let text = "";
    peer.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        answer(peer, head);
      }
    });
  };
}

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

judge("https.Agent: two requests over one connection", async (scene) => {
  const port = await scene.serve(serving((peer) => peer.write(OK)));
  const agent = new SceneAgent(scene, { keepAlive: true });
  await get(scene, agent, port);
  scene.note(agent.pool);
  await get(scene, agent, port);
  scene.note(agent.pool);
});

judge("https.Agent without keepAlive closes", async (scene) => {
  const port = await scene.serve(serving((peer) => peer.write(OK)));
  const agent = new SceneAgent(scene, { keepAlive: false });
  await get(scene, agent, port);
  await scene.event(agent.made[0]!, "close");
  scene.note(agent.pool);
});

judge("https.Agent: the server closes a connection that is idle", async (scene) => {
  const peers: TLSSocket[] = [];
  const answer = serving((peer) => peer.write(OK));
  const port = await scene.serve((peer) => {
    peers.push(peer);
    answer(peer);
  });
  const agent = new SceneAgent(scene, { keepAlive: true });
  await get(scene, agent, port);
  scene.note(agent.pool);
  peers[0]?.end();
  await scene.event(agent.made[0]!, "close");
  await scene.settle();
  scene.note(agent.pool);
  await get(scene, agent, port);
  scene.note(agent.pool);
});

judge("https.Agent: maxSockets", async (scene) => {
  let [open, most] = [0, 0];
  const port = await scene.serve((peer) => {
    most = Math.max(most, ++open);
    peer.on("close", () => open--);
    serving(() => setTimeout(() => peer.write(OK), 10))(peer);
  });
  const agent = new SceneAgent(scene, { keepAlive: true, maxSockets: 1 });
  await Promise.all(["1 ", "2 ", "3 "].map((name) => get(scene, agent, port, name)));
  scene.note(`at once: ${most}, ${agent.pool}`);
});

judge("https.Agent: its timeout ends what is idle", async (scene) => {
  const port = await scene.serve(serving((peer) => peer.write(OK)));
  const agent = new SceneAgent(scene, { keepAlive: true, timeout: 80 });
  await get(scene, agent, port);
  scene.note(agent.pool);
  await scene.event(agent.made[0]!, "close");
  await scene.settle();
  scene.note(agent.pool);
});

judge("a timeout of a request that nobody answers", async (scene) => {
  const port = await scene.serve(() => {});
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port, timeout: 60 });
  outgoing.on(
    "timeout",
    () => outgoing.destroy(Object.assign(new Error("late"), { code: "LATE" })),
  );
  outgoing.end();
  await closeOf(outgoing);
  await scene.settle();
  scene.note(agent.pool);
});

judge("a timeout of a request during the handshake", async (scene) => {
  const port = await scene.serveTcp(() => {});
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port, timeout: 60 });
  outgoing.on("timeout", () => outgoing.destroy());
  outgoing.end();
  await closeOf(outgoing);
  await scene.settle();
  scene.note(agent.pool);
}, { judgedByNode: { bun: "It tells nobody of a timeout before the connection is secure." } });

judge("a request destroyed before the answer", async (scene) => {
  let asked = false;
  const port = await scene.serve(serving(() => asked = true));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port });
  outgoing.end();
  await scene.until("the request", () => asked);
  outgoing.destroy();
  await closeOf(outgoing);
  await scene.settle();
  scene.note(agent.pool);
});

judge("a request destroyed amid the body", async (scene) => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  const port = await scene.serve(serving((peer) => peer.write(`${head}some of it`)));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port });
  outgoing.end();
  const [answer] = await once(outgoing, "response") as [IncomingMessage];
  answer.on("error", (error) => scene.note(`answer's error ${scene.show(error)}`));
  await once(answer, "data");
  outgoing.destroy();
  await scene.event(agent.made[0]!, "close");
  await scene.settle();
  scene.note(`${agent.pool}, complete ${answer.complete}`);
});

judge("a request aborted by a signal", async (scene) => {
  let asked = false;
  const port = await scene.serve(serving(() => asked = true));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const stop = new AbortController();
  const outgoing = ask(scene, agent, { port, signal: stop.signal });
  outgoing.end();
  await scene.until("the request", () => asked);
  stop.abort();
  await closeOf(outgoing);
  await scene.settle();
  scene.note(agent.pool);
});

judge("a body that the server cuts off", async (scene) => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
  const port = await scene.serve(serving((peer) => peer.end(`${head}some of it`)));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port });
  outgoing.end();
  const [answer] = await once(outgoing, "response") as [IncomingMessage];
  answer.on("error", (error) => scene.note(`answer's error ${scene.show(error)}`));
  answer.resume();
  await closeOf(answer);
  scene.note(`complete ${answer.complete}`);
});

judge("a server that closes instead of an answer", async (scene) => {
  const port = await scene.serve(serving((peer) => peer.end()));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port });
  outgoing.end();
  await closeOf(outgoing);
  await scene.settle();
  scene.note(agent.pool);
});

judge("an answer of HTTP/1.0 that ends with the connection", async (scene) => {
  const port = await scene.serve(serving((peer) => peer.end("HTTP/1.0 200 OK\r\n\r\nall of it")));
  const agent = new SceneAgent(scene, { keepAlive: true });
  await get(scene, agent, port);
  scene.note(agent.pool);
});

judge("Expect: 100-continue, and the server goes on", async (scene) => {
  const port = await scene.serve((peer) => {
    let text = "";
    peer.on("data", (chunk) => {
      text += chunk;
      if (text.endsWith("\r\n\r\n")) peer.write("HTTP/1.1 100 Continue\r\n\r\n");
      if (text.endsWith("body")) peer.write(OK);
    });
  });
  const agent = new SceneAgent(scene, { keepAlive: true });
  const headers = { "expect": "100-continue", "content-length": 4 };
  const outgoing = ask(scene, agent, { port, method: "POST", headers });
  outgoing.flushHeaders();
  outgoing.on("continue", () => outgoing.end("body"));
  await whole(scene, outgoing);
});

judge("Expect: 100-continue, and the server does not want it", async (scene) => {
  const port = await scene.serve(serving((peer) => {
    peer.end("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  }));
  const agent = new SceneAgent(scene, { keepAlive: true });
  const headers = { "expect": "100-continue", "content-length": 4 };
  const outgoing = ask(scene, agent, { port, method: "POST", headers });
  outgoing.flushHeaders();
  await whole(scene, outgoing);
  outgoing.destroy();
});

judge("an early answer to a great body", async (scene) => {
  const port = await scene.serve((peer) => {
    let answered = false;
    peer.on("data", () => {
      if (answered) return;
      answered = true;
      peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
    });
  });
  const agent = new SceneAgent(scene, { keepAlive: true });
  const headers = { "content-length": 20_000_000 };
  const outgoing = ask(scene, agent, { port, method: "POST", headers });
  outgoing.write(Buffer.alloc(100_000));
  await whole(scene, outgoing);
  outgoing.destroy();
});

judge("a body in chunks", async (scene) => {
  const port = await scene.serve((peer) => {
    let length = 0;
    peer.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (chunk.toString("latin1").endsWith("0\r\n\r\n")) {
        scene.served(`more than a megabyte: ${length > 1_000_000}`);
        peer.write(OK);
      }
    });
  });
  const agent = new SceneAgent(scene, { keepAlive: true });
  const outgoing = ask(scene, agent, { port, method: "POST" });
  for (let part = 0; part < 16; part++) {
    if (!outgoing.write(Buffer.alloc(65_536))) await once(outgoing, "drain");
  }
  outgoing.end();
  await whole(scene, outgoing);
});

judge("an upgrade, as WebSocket does it", async (scene) => {
  const port = await scene.serve((peer) => {
    let isUpgraded = false;
    peer.on("data", (chunk) => {
      if (isUpgraded) return void peer.end(`you said ${chunk}`);
      isUpgraded = true;
      peer.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nfirst",
      );
    });
  });
  const agent = new SceneAgent(scene, {});
  const outgoing = ask(scene, agent, { port, headers: { connection: "Upgrade", upgrade: "x" } });
  outgoing.end();
  const [answer, stream, first] = await once(outgoing, "upgrade") as [
    IncomingMessage,
    Duplex,
    Buffer,
  ];
  scene.note(`${answer.statusCode} ${stream === agent.made[0]} first ${first}`);
  let text = "";
  stream.on("data", (chunk) => text += chunk);
  stream.write("hello");
  await closeOf(stream);
  scene.note(text);
});

judge("https.Agent: two requests to nginx, which goes away then", async (scene) => {
  await using nginx = await startNginx();
  scene.name(nginx.port, "PORT");
  const agent = new SceneAgent(scene, { keepAlive: true });
  for (let round = 0; round < 2; round++) {
    const outgoing = ask(scene, agent, { port: nginx.port, path: "/nothing" });
    outgoing.end();
    const [answer] = await once(outgoing, "response") as [IncomingMessage];
    answer.resume();
    await closeOf(answer);
    await scene.settle();
    scene.note(agent.pool);
  }
  await nginx.stop();
  await scene.event(agent.made[0]!, "close");
  await scene.settle();
  scene.note(agent.pool);
}, { skip: requirePeer("nginx", "openssl") });
