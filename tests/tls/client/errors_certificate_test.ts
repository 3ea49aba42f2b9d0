import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CertificateErrorCode,
  connectTls,
  type ConnectTlsOptions,
  TlsError,
} from "../../../mod.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import {
  assertFailure,
  failureOf,
  tlsError,
  type Verdict,
} from "../../fixtures/hostile_failure.ts";
import { here, startListener, trusting, until, ways } from "../../fixtures/hostile_ways.ts";
import { certificates, type Identity } from "../../peers/certificates.ts";
import { can, codesOf } from "../../peers/engine.ts";
import { startOpensslServer } from "../../peers/openssl_server.ts";
import { requirePeer } from "../../peers/peer.ts";
import { test } from "../../peers/test.ts";

const skip = requirePeer("openssl");

interface CertificateCase {
  readonly what: string;
  readonly identity: () => Pick<Identity, "cert" | "key">;
  readonly options?: { readonly [K in keyof ConnectTlsOptions]?: ConnectTlsOptions[K] | undefined };
  readonly verdict: Verdict | "connects";
}

const made = certificates();
const withoutName = { unsafelyDisableHostnameVerification: true };
const namedLocalhost = { serverName: "localhost" };
const orCommonName = { unsafelyAcceptCommonName: true };

const certificateCases: readonly CertificateCase[] = [
  { what: "its address", identity: () => made.server, verdict: "connects" },
  {
    what: "its name",
    identity: () => made.server,
    options: namedLocalhost,
    verdict: "connects",
  },
  {
    what: "an expired certificate",
    identity: () => made.expired,
    verdict: tlsError("CERT_HAS_EXPIRED", /expired/),
  },
  {
    what: "a certificate of the future",
    identity: () => made.notYetValid,
    verdict: tlsError("CERT_NOT_YET_VALID", /not yet valid/),
  },
  {
    what: "a self-signed certificate",
    identity: () => made.selfSigned,
    verdict: tlsError("DEPTH_ZERO_SELF_SIGNED_CERT", /caCerts/),
  },
  {
    what: "a self-signed certificate that is trusted",
    identity: () => made.selfSigned,
    options: { caCerts: [made.selfSigned.leaf] },
    verdict: "connects",
  },
  {
    what: "a root nobody trusts",
    identity: () => made.untrusted,
    verdict: tlsError("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /caCerts/),
  },
  {
    what: "a root nobody trusts, though it is sent along",
    identity: () => ({ cert: made.server.cert + made.ca, key: made.server.key }),
    options: { caCerts: [made.selfSigned.leaf] },
    verdict: tlsError("SELF_SIGNED_CERT_IN_CHAIN", /caCerts/),
  },
  {
    what: "a root the runtime does not trust",
    identity: () => ({ cert: made.server.cert + made.ca, key: made.server.key }),
    options: { caCerts: undefined },
    verdict: tlsError("SELF_SIGNED_CERT_IN_CHAIN", /caCerts/),
  },
  {
    what: "a missing intermediate",
    identity: () => ({ cert: made.server.leaf, key: made.server.key }),
    verdict: tlsError("UNABLE_TO_GET_ISSUER_CERT_LOCALLY", /whole chain/),
  },
  {
    what: "a missing intermediate that the client knows",
    identity: () => ({ cert: made.server.leaf, key: made.server.key }),
    options: { caCerts: [made.ca, made.intermediate] },
    verdict: "connects",
  },
  {
    what: "another address",
    identity: () => made.wrongName,
    verdict: tlsError(
      "IP_ADDRESS_MISMATCH",
      /is for "other.test", .+ and not for "127.0.0.1"; .+serverName/,
    ),
  },
  {
    what: "another name",
    identity: () => made.wrongName,
    options: namedLocalhost,
    verdict: tlsError(
      "HOSTNAME_MISMATCH",
      /is for "other.test", .+ and not for "localhost"; .+serverName/,
    ),
  },
  {
    what: "a common name alone",
    identity: () => made.commonName,
    options: namedLocalhost,
    verdict: tlsError("HOSTNAME_MISMATCH", /no host at all/),
  },
  {
    what: "a common name alone, which is accepted",
    identity: () => made.commonName,
    options: { ...namedLocalhost, ...orCommonName },
    verdict: "connects",
  },
  {
    what: "another common name alone",
    identity: () => made.commonName,
    options: { serverName: "firstflight.test", ...orCommonName },
    verdict: tlsError("HOSTNAME_MISMATCH"),
  },
  {
    what: "an address, which no common name is",
    identity: () => made.commonName,
    options: orCommonName,
    verdict: tlsError("IP_ADDRESS_MISMATCH"),
  },
  {
    what: "a common name beside a host name",
    identity: () => made.otherBesideCommonName,
    options: { ...namedLocalhost, ...orCommonName },
    verdict: tlsError("HOSTNAME_MISMATCH", /is for "other.test"/),
  },
  {
    what: "a name that only begins like its own",
    identity: () => made.server,
    options: { serverName: "localhost.evil.test" },
    verdict: tlsError("HOSTNAME_MISMATCH"),
  },
  {
    what: "a wildcard that covers the name",
    identity: () => made.server,
    options: { serverName: "www.firstflight.test" },
    verdict: "connects",
  },
  {
    what: "a wildcard one label too deep",
    identity: () => made.server,
    options: { serverName: "a.b.firstflight.test" },
    verdict: tlsError("HOSTNAME_MISMATCH"),
  },
  {
    what: "an internationalised name",
    identity: () => made.server,
    options: { serverName: "BÜCHER.test." },
    verdict: "connects",
  },
  {
    what: "a client's certificate",
    identity: () => made.client,
    verdict: tlsError("INVALID_PURPOSE"),
  },
  {
    what: "another name, and the name check disabled",
    identity: () => made.wrongName,
    options: { ...namedLocalhost, ...withoutName },
    verdict: "connects",
  },
  {
    what: "another address, and the name check disabled",
    identity: () => made.wrongName,
    options: withoutName,
    verdict: "connects",
  },
  {
    what: "an expired certificate, and the name check disabled",
    identity: () => made.expired,
    options: withoutName,
    verdict: tlsError("CERT_HAS_EXPIRED"),
  },
  {
    what: "a certificate of the future, and the name check disabled",
    identity: () => made.notYetValid,
    options: withoutName,
    verdict: tlsError("CERT_NOT_YET_VALID"),
  },
  {
    what: "a self-signed certificate, and the name check disabled",
    identity: () => made.selfSigned,
    options: withoutName,
    verdict: tlsError("DEPTH_ZERO_SELF_SIGNED_CERT"),
  },
  {
    what: "a root nobody trusts, and the name check disabled",
    identity: () => made.untrusted,
    options: withoutName,
    verdict: tlsError("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
  },
];

/** Asserts that the certificate is found wanting, in words if the engine has words for it. */
async function assertRefused(
  opening: Promise<unknown>,
  verdict: Verdict,
  peer: { readonly hostname: string; readonly port: number },
): Promise<void> {
  const error = await failureOf(opening) as TlsError;
  const others = codesOf(verdict.code as CertificateErrorCode).slice(1);
  const other = others.find((code) => code === error.code);
  assertFailure(error, other ? tlsError(other) : verdict, peer);
}

for (const { what, identity, options = {}, verdict } of certificateCases) {
  const result = verdict === "connects" ? "connects" : `fails with ${verdict.code}`;
  test(`a server with ${what} ${result}`, { skip }, async () => {
    await leavesNothing(async () => {
      const heard: TlsError[] = [];
      const { cert, key } = identity();
      const onHandshakeError = (error: Error) => void heard.push(error as TlsError);
      using listener = startListener({ cert, key, onHandshakeError });
      const peer = { hostname: here, port: listener.addr.port };
      for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
        const opening = connectTls({ ...peer, ...trusting, ...options, maxVersion } as never);
        if (verdict === "connects") {
          using conn = await opening;
          assert.equal(conn.protocol, maxVersion);
          (await listener.accept()).close();
        } else {
          await assertRefused(opening, verdict, peer);
          await until(() => heard.length > 0);
          // The server is told why.
          if (can("refusalAlert")) assertFailure(heard.pop(), tlsError("ALERT_RECEIVED"));
        }
      }
    });
  });
}

test("a server with a key too weak to trust fails with EE_KEY_TOO_SMALL", { skip }, async () => {
  const [keyPath, certPath] = [join(made.folder, "weak.key"), join(made.folder, "weak.crt")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", keyPath, "-out", certPath];
  for (const bits of [768, 1024]) {
    execFileSync("openssl", [
      ...["req", "-x509", "-nodes", "-newkey", `rsa:${bits}`, "-days", "9", ...subject, ...files],
    ], { stdio: "ignore" });
    const weak = { cert: "", key: "", leaf: "", certPath, keyPath, leafPath: certPath };
    const lax = ["-cipher", "ALL:@SECLEVEL=0"];
    await using server = await startOpensslServer(lax, { identity: weak });
    await leavesNothing(async () => {
      const caCerts = [readFileSync(certPath, "utf8")];
      const opening = ways.connectTls(server.port, { caCerts });
      await assertRefused(opening, tlsError("EE_KEY_TOO_SMALL"), {
        hostname: here,
        port: server.port,
      });
    });
  }
});

/** Certificates of impostors: their root has the name of the one that is trusted, and another key. */
function impostors(): Record<string, Pick<Identity, "cert" | "key">> {
  const path = (name: string) => join(made.folder, `impostor-${name}`);
  const run = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const key = (name: string) => [
    ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    ...["-nodes", "-keyout", path(`${name}.key`)],
  ];
  const { subject } = new X509Certificate(made.ca);
  const signer = ["-CA", path("root.crt"), "-CAkey", path("root.key"), "-CAcreateserial"];
  writeFileSync(path("extensions"), "subjectAltName = DNS:localhost, IP:127.0.0.1\n");
  run("req", "-x509", ...key("root"), "-subj", `/${subject}`, "-out", path("root.crt"));
  run("req", "-new", ...key("leaf"), "-subj", "/CN=localhost", "-out", path("leaf.csr"));
  const issue = (name: string, ...args: string[]) => {
    run("x509", "-req", "-in", path("leaf.csr"), ...signer, ...args, "-out", path(name));
    return readFileSync(path(name), "utf8");
  };
  const old = issue("version1.crt");
  const young = issue("version3.crt", "-extfile", path("extensions"));
  const own = readFileSync(path("leaf.key"), "utf8");
  return {
    "an impostor's certificate of version 1": { cert: old, key: own },
    "an impostor's certificate": { cert: young, key: own },
    "an impostor's certificate, and one of version 1 beside it": { cert: young + old, key: own },
    "an impostor's certificate and root": {
      cert: young + readFileSync(path("root.crt"), "utf8"),
      key: own,
    },
  };
}

test("names in a chain prove nothing, signatures do", { skip }, async () => {
  for (const [what, { cert, key }] of Object.entries(impostors())) {
    using listener = startListener({ cert, key, onHandshakeError: () => {} });
    for (const maxVersion of ["TLSv1.3", "TLSv1.2"] as const) {
      const options = { serverName: "localhost", ...withoutName, maxVersion };
      const error = await failureOf(ways.connectTls(listener.addr.port, options));
      assert.ok(error instanceof TlsError, `${what}: ${error}`);
      assert.match(error.code, /^(CERT_|UNABLE_TO_|SELF_SIGNED_|INVALID_CA)/, what);
    }
  }
});
