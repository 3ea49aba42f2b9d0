/** How connections begin, and how they fail to. */

import type { LookupFunction } from "node:net";
import { closedPort } from "../../fixtures/hostile_server.ts";
import { judge } from "../../peers/sockets/judge.ts";

/** Looks up any name, and finds these addresses. */
function finding(...addresses: string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (_name, { all }, done) => {
    // As a resolver does, later.
    setImmediate(() => {
      if (all) done(null, found);
      else done(null, found[0]!.address, found[0]!.family);
    });
  };
}

judge("a connection to an address, an answer, the end", async (scene) => {
  const port = await scene.serve((peer) => void peer.on("data", () => peer.end("hello")));
  const socket = scene.connect({ port });
  scene.state(socket, "at once");
  await scene.stands(socket);
  scene.tells(socket);
  socket.resume();
  scene.write(socket, "hi");
  await scene.event(socket, "close");
  scene.state(socket, "in the end");
  scene.tells(socket);
});

judge("the ends are known at the event of the connection", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port });
  socket.once("connect", () => {
    const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = socket;
    scene.note(scene.show({ remoteAddress, remoteFamily, localAddress }));
    scene.note(
      `${remotePort === port} ${typeof localPort} ${scene.show("family" in socket.address())}`,
    );
  });
  await scene.stands(socket);
});

judge("a connection to a name", async (scene) => {
  const port = await scene.serve();
  const socket = scene.connect({ port, host: "firstflight.test", lookup: finding("127.0.0.1") });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("a connection to localhost, by the system's resolver", async (scene) => {
  const port = await scene.serve(() => {}, {}, "localhost");
  const socket = scene.connect({ port, host: "localhost" });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("a connection over IPv6", async (scene) => {
  const port = await scene.serve(() => {}, {}, "::1");
  const socket = scene.connect({ port, host: "::1" });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("a name with two addresses, of which the first refuses", async (scene) => {
  const port = await scene.serve();
  const lookup = finding("::1", "127.0.0.1");
  const socket = scene.connect({ port, host: "localhost", lookup });
  await scene.stands(socket);
  scene.tells(socket);
});

judge("nobody listens", async (scene) => {
  const port = await closedPort();
  scene.name(port, "PORT");
  const socket = scene.connect({ port });
  scene.write(socket, "early");
  await scene.event(socket, "close");
  scene.tells(socket);
});

judge("a name of which no address listens", async (scene) => {
  const port = await closedPort();
  scene.name(port, "PORT");
  const socket = scene.connect({ port, host: "a.test", lookup: finding("127.0.0.1", "127.0.0.2") });
  socket.on("error", (error) => {
    const { errors } = error as AggregateError;
    for (const each of errors ?? []) scene.note(`one of them: ${scene.show(each)}`);
  });
  await scene.event(socket, "close");
});

judge("a name that is not found", async (scene) => {
  const socket = scene.connect({ port: 443, host: "no-such.invalid" });
  await scene.event(socket, "close");
});

judge("a look-up of the caller's that fails", async (scene) => {
  const lookup: LookupFunction = (_name, _options, done) => {
    setImmediate(() => done(Object.assign(new Error("lost"), { code: "ESERVFAIL" }), "", 4));
  };
  const socket = scene.connect({ port: 443, host: "a.test", lookup });
  await scene.event(socket, "close");
});
