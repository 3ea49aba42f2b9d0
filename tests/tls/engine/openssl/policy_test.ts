/**
 * A policy of the system for OpenSSL (openssl.cnf): defaults never loosen it, and where it keeps
 * OpenSSL from starting, there is the runtime's own TLS.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import tls from "node:tls";
import { connectTls, type ConnectTlsOptions } from "../../../../mod.ts";
import { runChild, runtimeName } from "../../../fixtures/hostile_child.ts";
import { here, startListener, trusting } from "../../../fixtures/hostile_ways.ts";
import { issue, type Issued, serving } from "../../../fixtures/pki.ts";
import type { Ended, Policed } from "../../../fixtures/policy.ts";
import { temporaryFolder } from "../../../peers/folder.ts";
import { startOpensslServer } from "../../../peers/openssl_server.ts";
import { requirePeer } from "../../../peers/peer.ts";

const skip = requirePeer("openssl");
const program = new URL("../../../fixtures/policy.ts", import.meta.url);

const names = serving("IP = 127.0.0.1");
const rsa = (bits: number) => ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];
const ordinary = issue({ extensions: names, key: rsa(2048) });

/** Node reads another section than other programs. */
const configured = (lines: string) => `openssl_conf = all\nnodejs_conf = all\n[all]\n${lines}\n`;

/** Settings of the TLS of every program. */
const policy = (...settings: string[]) =>
  configured(`ssl_conf = tls\n[tls]\nsystem_default = all_tls\n[all_tls]\n${settings.join("\n")}`);

/** Runs the program under a configuration, against a server that speaks what `args` say. */
async function under(
  configuration: string,
  {
    args = [],
    identity = ordinary,
    connections = [{}],
  }: {
    readonly args?: readonly string[];
    readonly identity?: Issued;
    readonly connections?: readonly Partial<ConnectTlsOptions>[];
  } = {},
): Promise<Policed> {
  using folder = temporaryFolder();
  const path = folder.path("openssl.cnf");
  writeFileSync(path, configuration);
  await using server = await startOpensslServer(["-cipher", "ALL:@SECLEVEL=0", ...args], {
    identity,
  });
  const common = { hostname: here, port: server.port, caCerts: [identity.cert], sessions: false };
  const { cert, key } = ordinary;
  const asked = { connections: connections.map((each) => ({ ...common, ...each })), cert, key };
  const env = { OPENSSL_CONF: path };
  const { code, stdout, stderr } = await runChild(program, [JSON.stringify(asked)], { env });
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

function inShort({ engine, protocol, code }: Ended): string {
  return engine === undefined ? `${code}` : `${engine} ${protocol}`;
}

test("without a policy there is TLS 1.2 and 1.3, AES-128 first", { skip }, async () => {
  const { connections, oldClient, offers } = await under(configured(""), {
    connections: [{}, { maxVersion: "TLSv1.2" }],
  });
  assert.deepEqual(connections.map(inShort), ["openssl TLSv1.3", "openssl TLSv1.2"]);
  assert.equal(connections[0]?.cipher, "TLS_AES_128_GCM_SHA256");
  assert.equal(inShort(oldClient), "runtime TLSv1.2");
  assert.deepEqual(offers?.full.versions, [0x304, 0x303]);
});

test("MinProtocol holds for clients and listeners, unless an option goes below", {
  skip,
}, async () => {
  const { connections, oldClient, offers } = await under(policy("MinProtocol = TLSv1.3"), {
    args: ["-tls1_2"],
    connections: [{}, { minVersion: "TLSv1.2" }, { maxVersion: "TLSv1.2" }],
  });
  const [first, second, third] = connections;
  assert.equal(inShort(first!), "ALERT_RECEIVED");
  assert.equal(inShort(second!), "openssl TLSv1.2");
  assert.equal(`${third?.name} ${third?.code}`, "OptionError INVALID_OPTION");
  assert.match(
    third?.message ?? "",
    /^Option "maxVersion" must be at least TLSv1\.3,.*openssl\.cnf/,
  );
  assert.equal(inShort(oldClient), "ALERT_RECEIVED");
  assert.deepEqual(Object.values(offers ?? {}).map(({ versions }) => versions), [
    [0x304],
    [0x304],
    [0x304],
  ]);
});

test("a policy that is looser than the defaults loosens nothing", { skip }, async () => {
  const settings = ["MinProtocol = TLSv1", "CipherString = ALL:@SECLEVEL=0"];
  const { offers } = await under(policy(...settings));
  assert.deepEqual(offers?.full.versions, [0x304, 0x303]);
  const weak = issue({ extensions: names, key: rsa(1024) });
  const { connections } = await under(policy(...settings), { identity: weak });
  assert.deepEqual(connections.map(inShort), ["EE_KEY_TOO_SMALL"]);
});

test("MaxProtocol holds, unless an option goes above", { skip }, async () => {
  const { connections } = await under(policy("MaxProtocol = TLSv1.2"), {
    connections: [{}, { maxVersion: "TLSv1.3" }, { minVersion: "TLSv1.3" }],
  });
  const [first, second, third] = connections;
  assert.deepEqual([first!, second!].map(inShort), ["openssl TLSv1.2", "openssl TLSv1.3"]);
  assert.equal(`${third?.name} ${third?.code}`, "OptionError INVALID_OPTION");
  assert.match(
    third?.message ?? "",
    /^Option "minVersion" must be at most TLSv1\.2,.*openssl\.cnf/,
  );
});

test("Ciphersuites are those of the policy, in its order", { skip }, async () => {
  const suites = ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
  for (const some of [suites, suites.toReversed(), suites.slice(0, 1)]) {
    const { connections, offers } = await under(policy(`Ciphersuites = ${some.join(":")}`));
    assert.equal(connections[0]?.cipher, some[0]);
    const numbers = { TLS_AES_256_GCM_SHA384: 0x1302, TLS_CHACHA20_POLY1305_SHA256: 0x1303 };
    for (const { cipherSuites } of Object.values(offers ?? {})) {
      assert.deepEqual(
        cipherSuites.filter((suite) => suite >> 8 === 0x13),
        some.map((name) => numbers[name as keyof typeof numbers]),
      );
    }
  }
});

test("CipherString is that of the policy, its security level included", { skip }, async () => {
  const { connections } = await under(policy("CipherString = ECDHE+AESGCM:@SECLEVEL=3"), {
    connections: [{}, { maxVersion: "TLSv1.2" }],
  });
  assert.deepEqual(connections.map(inShort), ["EE_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL"]);
  const strong = issue({ extensions: names });
  const { offers, connections: [last] } = await under(
    policy("CipherString = ECDHE-ECDSA-AES256-GCM-SHA384:@SECLEVEL=3"),
    { identity: strong, connections: [{ maxVersion: "TLSv1.2" }] },
  );
  assert.equal(last?.cipher, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", JSON.stringify(last));
  assert.deepEqual(offers?.full.cipherSuites.filter((suite) => suite >> 8 === 0xc0), [0xc02c]);
});

test("Groups and SignatureAlgorithms are those of the policy in every hello", {
  skip,
}, async () => {
  const { offers } = await under(policy(
    "Groups = P-384:P-256",
    "SignatureAlgorithms = ECDSA+SHA384:RSA-PSS+SHA256",
  ));
  for (const [form, { groups, signatureAlgorithms }] of Object.entries(offers ?? {})) {
    assert.deepEqual(new Set(groups), new Set([23, 24]), form);
    assert.deepEqual(signatureAlgorithms, [0x503, 0x804], form);
  }
  const { offers: others } = await under(policy("Groups = X25519"));
  for (const { groups } of Object.values(others ?? {})) assert.deepEqual(groups, [29]);
});

test("so is what a program has told the runtime", { skip }, async () => {
  const { DEFAULT_MIN_VERSION } = tls;
  using listener = startListener();
  const options = { hostname: here, port: listener.addr.port, ...trusting };
  const protocolOf = async (engine: "openssl" | "runtime", more: object) => {
    using conn = await connectTls({ ...options, engine, ...more });
    return conn.protocol;
  };
  tls.DEFAULT_MIN_VERSION = "TLSv1.3";
  try {
    for (const engine of ["openssl", "runtime"] as const) {
      const opening = connectTls({ ...options, engine, maxVersion: "TLSv1.2" });
      await assert.rejects(opening, { code: "INVALID_OPTION", message: /DEFAULT_MIN_VERSION/ });
      assert.equal(await protocolOf(engine, {}), "TLSv1.3");
      const both = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" } as const;
      assert.equal(await protocolOf(engine, both), "TLSv1.2");
    }
  } finally {
    tls.DEFAULT_MIN_VERSION = DEFAULT_MIN_VERSION;
  }
});

/** Configurations under which OpenSSL has not what TLS needs. */
const lacking: Readonly<Record<string, string>> = {
  "a provider that is not there": configured(
    "providers = some\n[some]\nfips = fips\nbase = base\n[fips]\nactivate = 1\n[base]\nactivate = 1",
  ),
  "no provider but one without ciphers": configured(
    "providers = some\n[some]\nbase = base\n[base]\nactivate = 1",
  ),
  "no provider but the one of old algorithms": configured(
    "providers = some\n[some]\nlegacy = legacy\n[legacy]\nactivate = 1",
  ),
  "mistakes that are to be reported": `config_diagnostics = 1\n${configured("ssl_conf = nowhere")}`,
  "properties that nothing has": configured(
    "alg_section = algorithms\n[algorithms]\ndefault_properties = nobody=yes",
  ),
};

/** Node is made with its OpenSSL, and does not start without it. */
const configurations = runtimeName === "node" ? [] : Object.entries(lacking);

for (const [what, configuration] of configurations) {
  test(`with ${what}, there is the runtime's own TLS`, { skip }, async () => {
    const { connections, openssl, oldClient } = await under(configuration, {
      connections: [{}, { engine: "openssl" }, { engine: "runtime" }],
    });
    const [byDefault, byName, byRuntime] = connections;
    const text = JSON.stringify(connections);
    assert.equal(byDefault?.engine, "runtime", text);
    assert.equal(byRuntime?.engine, "runtime", text);
    const warning = byDefault?.warnings?.find(({ code }) => code === "ENGINE_FALLBACK");
    for (const { name, code, message } of [byName!, oldClient]) {
      assert.equal(`${name} ${code}`, "TlsError ENGINE_UNAVAILABLE", text);
      assert.match(message ?? "", /does not start: .*OPENSSL_CONF/);
    }
    assert.match(warning?.message ?? "", /does not start: .*OPENSSL_CONF/);
    assert.match("error" in openssl ? openssl.error : "", /does not start/);
  });
}
