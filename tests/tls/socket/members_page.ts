/**
 * The page docs/sockets.md, made of the table.
 *
 * @module
 */

import { additional, events, inherited, membersOf } from "./members.ts";

const HEAD = `# Sockets

\`tlsSocket\`, and \`conn.duplex\`, give a socket in the shape of Node's \`tls.TLSSocket\`. This page has every
member and every event of that, and what became of it here. It is made of \`tests/tls/socket/members.ts\`, and
checked against the runtime's own socket in Deno, Bun and Node.

- **has**: the same, in a socket that is new, connecting, connected, half closed, and destroyed
- **differs**: another thing on purpose
- **lacks**: not there; reading it gives \`undefined\`

The options of \`tls.connect\` and \`net.connect\` have their names here as well: \`host\`, \`servername\`, \`ca\`,
\`ALPNProtocols\`, \`ecdhCurve\` and the others that \`TlsSocketOptions\` lists. \`autoSelectFamily\` and its time-out
change nothing: addresses are always raced. What is not listed there, such as \`session\`, \`secureContext\`,
\`pfx\`, \`ciphers\` or \`path\`, is an \`OptionError\`.

What happens to a socket over time is compared as well: \`tests/tls/socket/*_judge_test.ts\` run with
\`tls.connect\` and with \`tlsSocket\`, and compare every event, callback and error.

\`tcpSocket\`, and \`duplex\` of a \`TcpConn\`, give the same in the shape of Node's \`net.Socket\`. They have its
members as the table says, without those of TLS. \`connecting\` and \`readyState\` do not differ there, and
\`truncated\` is always \`false\`. They are compared with \`net.connect\` in the same ways.
`;

interface Row {
  readonly name: string;
  readonly status: string;
  readonly text: string;
}

function table(rows: readonly Row[], of: string): string {
  const lines = rows.map(({ name, status, text }) => `| \`${name}\` | ${status} | ${text} |`);
  return [`| ${of} | | |`, "| --- | --- | --- |", ...lines].join("\n");
}

/** The page. */
export function renderMembers(): string {
  const rows = membersOf.tls.map((member) => ({
    name: member.name,
    status: member.status,
    text: member.status === "has" ? member.note ?? "" : member.why,
  }));
  const eventRows = events.map(({ name, status, why = "" }) => ({ name, status, text: why }));
  const others = additional.tls.map(({ name, why }) => `- \`${name}\`: ${why}`);
  return [
    HEAD,
    "## Members\n",
    `${table(rows, "member")}\n`,
    "What begins with an underscore is nobody's promise; the table has those that libraries read.\n",
    "From `stream.Duplex` and `EventEmitter`, and the very same:",
    `${inherited.map((name) => `\`${name}\``).join(", ")}.\n`,
    "Only here:\n",
    ...others,
    "\n## Events\n",
    table(eventRows, "event"),
    "",
  ].join("\n");
}
