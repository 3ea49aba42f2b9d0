import type { Duplex } from "node:stream";
import { DOVECOT_PASSWORD, startDovecot } from "../peers/dovecot.ts";
import { startExim } from "../peers/exim.ts";
import { startTlsFront } from "../peers/tls_front.ts";
import { library } from "./library.ts";
import { shared, testLibraries, using } from "./subjects.ts";
import { HOST } from "./ways.ts";

async function startServers() {
  await using stack = new AsyncDisposableStack();
  const imap = stack.use(await startDovecot());
  const smtp = stack.use(await startExim());
  const { ports } = stack.use(await startTlsFront({ imap: imap.port, smtp: smtp.port }));
  const started = stack.move();
  return { ports, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

interface Nodemailer {
  createTransport(options: object): {
    sendMail(mail: object): Promise<{ accepted: string[] }>;
    close(): void;
  };
}

interface Imapflow {
  readonly ImapFlow: new (options: object) => {
    connect(): Promise<void>;
    list(): Promise<{ path: string }[]>;
    logout(): Promise<void>;
    on(event: "error", listener: () => void): void;
  };
}

testLibraries(shared(startServers), ["haproxy", "dovecot", "exim4"], {
  "nodemailer": {
    exchange: (way, { ports }) => {
      const transport = library<Nodemailer>("nodemailer").createTransport({
        ...{ host: HOST, port: ports.smtp, secure: true },
        ...way.nodemailer(),
      });
      const mail = { from: "a@localhost", to: "b@localhost", subject: "subject", text: "text" };
      const send = async () => (await transport.sendMail(mail)).accepted;
      return using(transport, send, () => transport.close());
    },
    answer: ["b@localhost"],
    nothingRides: "the server speaks first",
  },

  "imapflow": {
    exchange: async (way, { ports }) => {
      const connect = (_options: object, connected: () => void): Duplex =>
        way.socket(ports.imap).once("secureConnect", connected);
      const how = way.isOwn ? { tls: way.trust } : { transport: { connect } };
      const client = new (library<Imapflow>("imapflow").ImapFlow)({
        ...{ host: HOST, port: ports.imap, secure: true, logger: false },
        auth: { user: "somebody", pass: DOVECOT_PASSWORD },
        ...how,
      });
      client.on("error", () => {}); // What is asked of it fails, too.
      await client.connect();
      const list = async () => (await client.list()).map(({ path }) => path);
      return await using(client, list, () => client.logout());
    },
    answer: ["INBOX"],
    nothingRides: "the server speaks first",
  },
});
