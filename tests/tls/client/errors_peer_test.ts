import assert from "node:assert/strict";
import { connect as connectNet } from "node:net";
import { connect, connectTls, startTls, TlsError } from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import {
  assertFails,
  assertFailure,
  connectError,
  failureOf,
  tlsError,
  type Verdict,
} from "../../fixtures/hostile_failure.ts";
import {
  answering,
  type Cut,
  cutter,
  onceHeard,
  recordLength,
  type Stage,
  startRawServer,
} from "../../fixtures/hostile_server.ts";
import { eachWay, here, startListener, trusting } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";
import { can, engineUnderTest } from "../../peers/engine.ts";
import { startOpensslServer } from "../../peers/openssl_server.ts";
import { requirePeer } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const skip = requirePeer("openssl");
const made = certificates();

const garbage = Uint8Array.from({ length: 4_000 }, (_, index) => (index * 7919 + 3) & 0xff);

function record(type: number, ...content: number[]): Uint8Array {
  return Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 0xff, ...content);
}

const alert = (number: number, level = 2) => record(21, level, number);

interface AnswerCase {
  readonly what: string;
  readonly answer: Uint8Array | string;
  readonly cut?: Cut;
  readonly verdict: Verdict;
  readonly alert?: number;
}

const unheardOf: AnswerCase = {
  what: "sends an alert that nobody has heard of",
  answer: alert(200),
  alert: 200,
  verdict: tlsError("ALERT_RECEIVED", /alert 200, which has no name/),
};

const answers: readonly AnswerCase[] = [
  {
    what: "speaks HTTP",
    answer: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    verdict: tlsError(
      "NOT_TLS",
      /"HTTP\/1\.1 400 Bad Request", which is HTTP; is it the right port/,
    ),
  },
  {
    what: "speaks HTTP and hangs up",
    answer: "HTTP/1.0 501 Not Implemented\r\n\r\n",
    cut: "FIN",
    verdict: tlsError("NOT_TLS", /HTTP/),
  },
  {
    what: "speaks SSH",
    answer: "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    verdict: tlsError("NOT_TLS", /"SSH-2\.0-OpenSSH_9\.2p1/),
  },
  {
    what: "sends a single wrong byte",
    answer: "!",
    verdict: tlsError("NOT_TLS", /"!"/),
  },
  {
    what: "sends control characters for the terminal",
    answer: Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a, 0x07, 0x7f, 0x90, 0x9d, 0x9b, 0x00),
    verdict: tlsError("NOT_TLS", /^[^\p{Cc}]*$/u),
  },
  {
    what: "sends garbage",
    answer: garbage,
    verdict: tlsError("NOT_TLS"),
  },
  {
    what: "sends garbage that looks like a TLS record",
    answer: record(22, ...garbage.subarray(0, 600)),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "sends a TLS record of a length that is not allowed",
    answer: Uint8Array.of(22, 3, 3, 0xff, 0xff, ...garbage),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "sends a TLS record of a version that never was",
    answer: Uint8Array.of(22, 9, 9, 0, 4, 1, 2, 3, 4),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "sends an empty TLS record, again and again",
    answer: Uint8Array.from({ length: 5 * 200 }, (_, index) => [22, 3, 3, 0, 0][index % 5] ?? 0),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "sends application data before the handshake",
    answer: record(23, ...garbage.subarray(0, 100)),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "warns, and then breaks the protocol",
    answer: Uint8Array.of(...alert(112, 1), ...record(23, ...garbage.subarray(0, 100))),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "echoes what it is sent",
    answer: record(22, 1, 0, 0, 40, 3, 3, ...garbage.subarray(0, 38)),
    verdict: tlsError("PROTOCOL_ERROR"),
  },
  {
    what: "closes TLS before it began",
    answer: alert(0, 1),
    verdict: tlsError("HANDSHAKE_CLOSED"),
  },
  ...([
    [40, "handshake_failure"],
    [70, "protocol_version"],
    [71, "insufficient_security"],
    [80, "internal_error"],
    [112, "unrecognized_name"],
    [120, "no_application_protocol"],
  ] as const).map(([number, name]): AnswerCase => ({
    what: `sends the alert ${name}`,
    answer: alert(number),
    alert: number,
    verdict: tlsError(
      "ALERT_RECEIVED",
      new RegExp(`"${name.replaceAll("_", " ")}" \\(${number}\\)`),
    ),
  })),
  // Node's own TLS waits on after such an alert.
  ...(engineUnderTest() === "openssl" ? [unheardOf] : []),
];

for (const [way, open] of eachWay) {
  for (const { what, answer, cut, verdict, alert } of answers) {
    test(`${way}: a server that ${what} fails with ${verdict.code}`, async () => {
      await leavesNothing(async () => {
        await using server = await startRawServer(answering(answer, cut));
        const error = await assertFails(open(server.port), verdict, server);
        if (alert !== undefined) {
          assert.ok(error instanceof TlsError);
          assert.equal(error.alert, alert);
        }
      });
    });
  }

  test(`${way}: a server that echoes every byte fails with PROTOCOL_ERROR`, async () => {
    await leavesNothing(async () => {
      await using server = await startRawServer((socket) => {
        socket.on("data", (chunk) => void socket.write(chunk));
      });
      await assertFails(open(server.port), tlsError("PROTOCOL_ERROR"), server);
    });
  });
}

test("startTls: a server that goes on in the clear fails with NOT_TLS", async () => {
  await leavesNothing(async () => {
    await using server = await startRawServer((socket) =>
      void socket.write("220 go ahead\r\n250 ")
    );
    using plain = await connect({ hostname: here, port: server.port });
    await plain.read(new Uint8Array(14));
    await assertFails(startTls(plain, trusting), tlsError("NOT_TLS", /"250 "/), server);
  });
});

const stages: Record<string, Stage> = {
  "before any byte": () => 0,
  "in the middle of its ServerHello": () => 20,
  "after its ServerHello": recordLength,
  "in the middle of its certificate": () => 600,
};

const cuts: Record<Cut, Verdict> = {
  FIN: tlsError("HANDSHAKE_CLOSED", /before the TLS handshake was complete/),
  RST: connectError("CONNECTION_RESET"),
};

for (const [stage, limit] of Object.entries(stages)) {
  for (const [cut, verdict] of Object.entries(cuts) as [Cut, Verdict][]) {
    for (const [way, open] of eachWay) {
      for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
        // Without an answer connectTls takes the address for a bad one; there may be a better.
        const early = way === "connectTls" && cut === "FIN" && limit(new Uint8Array(9)) === 0;
        const expected = early ? connectError("CLOSED_BY_PEER", /before it answered/) : verdict;
        test(`${way}, ${maxVersion}: ${cut} ${stage} fails with ${expected.code}`, async () => {
          await leavesNothing(async () => {
            using listener = startListener();
            const { port } = listener.addr;
            await using server = await startRawServer((client) => {
              if (limit(new Uint8Array(9)) > 0) return cutter(port, limit, cut)(client);
              onceHeard(client, () => cut === "RST" ? client.resetAndDestroy() : client.end());
            });
            await assertFails(open(server.port, { maxVersion }), expected, server);
          });
        });
      }
    }
  }
}

for (
  const [cut, verdict] of [
    ["FIN", tlsError("TRUNCATED", /without close_notify/)],
    ["RST", connectError("CONNECTION_RESET")],
  ] as const
) {
  for (const face of ["read", "readable", "duplex"] as const) {
    // A duplex ends as a TLS socket does.
    const ends = face === "duplex" && cut === "FIN";
    const then = ends ? "the end" : verdict.code;
    test(`${cut} instead of close_notify: all that came is read by ${face}, then ${then}`, async () => {
      await leavesNothing(async () => {
        using listener = startListener();
        let cutIt: (() => void) | undefined;
        await using server = await startRawServer((client) => {
          cutter(listener.addr.port, () => Infinity, cut)(client);
          cutIt = () => cut === "RST" ? client.resetAndDestroy() : client.end();
        });
        const hostname = here;
        using conn = await connectTls({ hostname, port: server.port, ...trusting });
        using accepted = await listener.accept();
        await accepted.write(new Uint8Array(1_000));
        let received = 0;
        const failing = (async () => {
          const onBytes = (length: number) => {
            received += length;
            if (received === 1_000) cutIt?.();
          };
          if (face === "read") {
            const into = new Uint8Array(100);
            for (let length; (length = await conn.read(into)) !== null;) onBytes(length);
          } else {
            for await (const chunk of conn[face]) onBytes((chunk as Uint8Array).length);
          }
        })();
        if (ends) await failing;
        else if (face !== "duplex") await assertFails(failing, verdict, server);
        else {
          const { code, cause } = await failureOf(failing) as Error & { code?: string };
          assert.equal(code, "ECONNRESET"); // Node's, for whoever has a socket.
          assertFailure(cause, verdict, server);
        }
        assert.equal(received, 1_000);
        await assertFails(conn.read(new Uint8Array(1)), verdict, server);
        await assertFails(conn.write(new Uint8Array(1)), verdict, server);
      });
    });
  }
}

test("a goodbye by close_notify and nothing else ends the data without an error", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    using conn = await connectTls({ hostname: here, port: listener.addr.port, ...trusting });
    using accepted = await listener.accept();
    await accepted.write(new Uint8Array(5));
    await accepted.closeWrite();
    assert.equal(await conn.read(new Uint8Array(10)), 5);
    assert.equal(await conn.read(new Uint8Array(10)), null);
    assert.equal(await conn.read(new Uint8Array(10)), null);
  });
});

test("what comes after a goodbye by close_notify is not looked at", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    let after: (() => void) | undefined;
    await using server = await startRawServer((client) => {
      const upstream = connectNet({ port: listener.addr.port, host: here, allowHalfOpen: true });
      client.on("data", (chunk) => upstream.write(chunk));
      upstream.on("data", (chunk) => client.write(chunk)).on("error", () => client.destroy());
      client.on("close", () => upstream.destroy());
      after = () => void client.write(record(23, ...garbage.subarray(0, 100)));
    });
    using conn = await connectTls({ hostname: here, port: server.port, ...trusting });
    using accepted = await listener.accept();
    await accepted.write(new Uint8Array(5));
    await accepted.closeWrite();
    assert.equal(await conn.read(new Uint8Array(10)), 5);
    assert.equal(await conn.read(new Uint8Array(10)), null);
    after?.();
    if (can("halfClose")) {
      await conn.write(new Uint8Array(3)); // Our own side is open still.
      assert.equal(await accepted.read(new Uint8Array(10)), 3);
    }
    assert.equal(await conn.read(new Uint8Array(10)), null);
  });
});

test("a server that knows TLS 1.0 and 1.1 alone refuses the version", { skip }, async () => {
  const lax = ["-cipher", "ALL:@SECLEVEL=0"];
  for (const version of ["-tls1", "-tls1_1"]) {
    await using server = await startOpensslServer([version, ...lax]);
    await leavesNothing(async () => {
      const peer = { hostname: here, port: server.port };
      const opening = connectTls({ ...peer, ...trusting });
      const error = await assertFails(opening, tlsError("ALERT_RECEIVED", /version/), peer);
      assert.equal((error as TlsError).alert, 70);
    });
  }
});

test("versions that don't meet are an alert on the client's side", async () => {
  await leavesNothing(async () => {
    using listener = startListener({ maxVersion: "TLSv1.2" });
    const peer = { hostname: here, port: listener.addr.port };
    const opening = connectTls({ ...peer, ...trusting, minVersion: "TLSv1.3" });
    const error = await assertFails(opening, tlsError("ALERT_RECEIVED"), peer);
    assert.equal((error as TlsError).alert, 70);
  });
});

test("protocols that don't meet are an alert on the client's side", async () => {
  await leavesNothing(async () => {
    using listener = startListener({ alpnProtocols: ["h2"] });
    const peer = { hostname: here, port: listener.addr.port };
    const opening = connectTls({ ...peer, ...trusting, alpnProtocols: ["http/1.1"] });
    const error = await assertFails(opening, tlsError("ALERT_RECEIVED"), peer);
    assert.equal((error as TlsError).alert, 120);
  });
});

for (
  const [what, offered] of [
    ["no certificate", undefined],
    ["a certificate of a stranger", "untrustedClient"],
  ] as const
) {
  for (const version of ["TLSv1.3", "TLSv1.2"] as const) {
    test(`${version}: a server refuses a client with ${what} by an alert`, { skip }, async () => {
      const strict = ["-Verify", "2", "-verify_return_error", "-CAfile", made.caPath];
      await using server = await startOpensslServer(strict);
      await leavesNothing(async () => {
        const peer = { hostname: here, port: server.port };
        const client = offered && made[offered];
        const mine = client ? { cert: client.cert, key: client.key } : {};
        const refused = (async () => {
          // With TLS 1.3 the client is done before the server has looked at its certificate.
          using conn = await connectTls({ ...peer, ...trusting, ...mine, maxVersion: version });
          assert.equal(version, "TLSv1.3");
          await conn.read(new Uint8Array(1));
        })();
        const says = version === "TLSv1.3" ? /^The TLS connection to .* broke: / : /^Could not /;
        const error = await assertFails(refused, tlsError("ALERT_RECEIVED", says), peer);
        assert.ok([40, 42, 48, 116].includes((error as TlsError).alert ?? 0), error.message);
      });
    });
  }
}
