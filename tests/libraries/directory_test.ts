import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { SLAPD_SUFFIX, startSlapd } from "../peers/slapd.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { startUnbound, UNBOUND_ADDRESS, UNBOUND_NAME } from "../peers/unbound.ts";
import { library } from "./library.ts";
import { shared, testLibraries, using } from "./subjects.ts";
import { HOST } from "./ways.ts";

async function startServers() {
  await using stack = new AsyncDisposableStack();
  const slapd = stack.use(await startSlapd());
  const unbound = stack.use(await startUnbound());
  const { ports } = stack.use(await startTlsFront({ slapd: slapd.port, unbound: unbound.port }));
  const started = stack.move();
  return { ports, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

interface Ldapts {
  readonly Client: new (options: object) => {
    search(base: string, options: object): Promise<{ searchEntries: { namingContexts: string }[] }>;
    unbind(): Promise<void>;
  };
}

interface DnsPacket {
  readonly streamEncode: (packet: object) => Buffer;
  readonly streamDecode: (bytes: Buffer) => { answers: { name: string; data: string }[] };
}

testLibraries(shared(startServers), ["haproxy", "slapd", "unbound"], {
  "ldapts": {
    exchange: (way, { ports }) => {
      const how = way.isOwn ? {} : { createSecureConnection: () => way.socket(ports.slapd) };
      const client = new (library<Ldapts>("ldapts").Client)({
        url: `ldaps://${HOST}:${ports.slapd}`,
        tlsOptions: way.trust,
        ...how,
      });
      const search = { scope: "base", attributes: ["namingContexts"] };
      const ask = async () => (await client.search("", search)).searchEntries[0]?.namingContexts;
      return using(client, ask, () => client.unbind());
    },
    answer: SLAPD_SUFFIX,
  },

  // It opens no socket, and gets none: DNS over TLS is its bytes on one (RFC 7858).
  "dns-packet": {
    exchange: (way, { ports }) => {
      const dns = library<DnsPacket>("dns-packet");
      const questions = [{ type: "A", name: UNBOUND_NAME }];
      const ask = async (socket: Duplex) => {
        socket.write(dns.streamEncode({ type: "query", id: 1, questions }));
        let bytes = Buffer.alloc(0);
        for await (const chunk of socket) {
          bytes = Buffer.concat([bytes, chunk as Buffer]);
          if (bytes.length > 2 && bytes.length >= 2 + bytes.readUInt16BE()) break;
        }
        return dns.streamDecode(bytes).answers.map(({ name, data }) => [name, data]);
      };
      return using(way.socket(ports.unbound), ask, (socket) => socket.destroy());
    },
    answer: [[UNBOUND_NAME, UNBOUND_ADDRESS]],
  },
});
