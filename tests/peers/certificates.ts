/**
 * Certificates for every purpose, issued by the `openssl` command.
 *
 *     ca ─► intermediate ─► server, expired, notYetValid, wrongName, commonName, client
 *     another root ─► untrusted
 *     selfSigned
 *
 * They are made at first use, and kept in a temporary folder until the process ends.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atExit } from "./at_exit.ts";
import { makeFolder, removeFolder } from "./folder.ts";

/** A certificate with its private key, as text and as files. */
export interface Identity {
  /** The chain to present in PEM, leaf first, without the root. */
  readonly cert: string;
  /** The private key in PEM, not encrypted. */
  readonly key: string;
  /** The leaf alone in PEM, as a server presents it that forgot its chain. */
  readonly leaf: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly leafPath: string;
}

/** All certificates. Those after `server` are made when first asked for. */
export interface Certificates {
  /** The folder with the files. It is removed when the process ends. */
  readonly folder: string;
  /** The root certificate in PEM. */
  readonly ca: string;
  readonly caPath: string;
  /** The certificate between the root and the leaves. */
  readonly intermediate: string;
  readonly intermediatePath: string;
  /** Valid for {@linkcode SERVER_NAMES} and {@linkcode SERVER_ADDRESSES}. */
  readonly server: Identity;
  /** As `server`, with another key. */
  readonly otherServer: Identity;
  /** As `server`, with a 3,072-bit RSA key. */
  readonly rsaServer: Identity;
  /** As `server`, but only valid for the next {@linkcode SOON}. */
  readonly expiring: Identity;
  /** As `server`, but no longer valid. */
  readonly expired: Identity;
  /** As `server`, but not valid yet. */
  readonly notYetValid: Identity;
  /** As `server`, but for `other.test` and 192.0.2.1. */
  readonly wrongName: Identity;
  /** As `server`, but without any name or address beside its common name, `localhost`. */
  readonly commonName: Identity;
  /** With the common name `localhost`, and for `other.test`. */
  readonly otherBesideCommonName: Identity;
  /** As `server`, but signed by itself. */
  readonly selfSigned: Identity;
  /** As `server`, but issued by a root that no test trusts. */
  readonly untrusted: Identity;
  /** A client's certificate, whose common name is `client`. */
  readonly client: Identity;
  /** A client's certificate, issued by the root that no test trusts. */
  readonly untrustedClient: Identity;
}

/** The names in the server's certificate. */
export const SERVER_NAMES = [
  "localhost",
  "firstflight.test",
  "*.firstflight.test",
  "xn--bcher-kva.test",
] as const;

/** The addresses in the server's certificate: this machine's, and the emulated network's. */
export const SERVER_ADDRESSES = [
  "127.0.0.1",
  "::1",
  "10.77.0.2",
  "10.77.0.3",
  "fd77::2",
  "fe80::77",
] as const;

/** Milliseconds until {@linkcode Certificates.expiring} expires, counted from when it is made. */
export const SOON = 120_000;

/** The certificates of this process. Needs the `openssl` command. */
export function certificates(): Certificates {
  return made ??= make();
}

let made: Certificates | undefined;

/** A certificate that signs others. */
interface Authority {
  readonly certPath: string;
  readonly keyPath: string;
  /** The chain that its leaves present after themselves. */
  readonly chain: string;
}

interface Subject {
  readonly commonName: string;
  /** Lines of an OpenSSL extension section. */
  readonly extensions: readonly string[];
  /** Days from now. Default a year ago, and a year from now. */
  readonly from?: number;
  readonly until?: number;
  readonly rsa?: boolean;
}

const DAY = 24 * 60 * 60 * 1000;

/** `YYYYMMDDHHMMSSZ`, `offset` days from now. */
function day(offset: number): string {
  const iso = new Date(Date.now() + offset * DAY).toISOString();
  return `${iso.slice(0, 19).replaceAll(/\D/g, "")}Z`;
}

/** Issues certificates in `folder`. A certificate without an authority signs itself. */
function issuer(folder: string) {
  let serial = 0;
  return (name: string, subject: Subject, authority?: Authority): Identity => {
    const path = (suffix: string) => join(folder, `${name}.${suffix}`);
    const { commonName, extensions, from = -365, until = 365, rsa = false } = subject;
    const algorithm = rsa
      ? ["-newkey", "rsa:3072"]
      : ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    writeFileSync(path("index"), "");
    writeFileSync(path("serial"), (++serial + 0x1000).toString(16));
    writeFileSync(
      path("cnf"),
      [
        "[req]\ndistinguished_name = name\nprompt = no",
        `[name]\nCN = ${commonName}`,
        `[ca]\ndefault_ca = issue`,
        `[issue]\ndatabase = ${path("index")}\nserial = ${path("serial")}`,
        `new_certs_dir = ${folder}\ndefault_md = sha256\npolicy = any\nunique_subject = no`,
        `[any]\ncommonName = supplied`,
        `[extensions]\n${extensions.join("\n")}\nsubjectKeyIdentifier = hash`,
        ...(authority ? ["authorityKeyIdentifier = keyid"] : []),
      ].join("\n"),
    );
    const request = ["-config", path("cnf"), "-out", path("csr"), "-keyout", path("key")];
    openssl("req", "-new", "-nodes", ...algorithm, ...request);
    const signer = authority
      ? ["-cert", authority.certPath, "-keyfile", authority.keyPath]
      : ["-selfsign", "-keyfile", path("key")];
    const dates = ["-startdate", day(from), "-enddate", day(until)];
    const files = ["-config", path("cnf"), "-in", path("csr"), "-out", path("leaf")];
    openssl("ca", "-batch", "-notext", "-extensions", "extensions", ...signer, ...dates, ...files);
    const leaf = readFileSync(path("leaf"), "utf8");
    const cert = leaf + (authority?.chain ?? "");
    writeFileSync(path("chain"), cert);
    return {
      cert,
      key: readFileSync(path("key"), "utf8"),
      leaf,
      certPath: path("chain"),
      keyPath: path("key"),
      leafPath: path("leaf"),
    };
  };
}

function openssl(...args: string[]): void {
  execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
}

const AUTHORITY = ["basicConstraints = critical, CA:true", "keyUsage = critical, keyCertSign"];
const LEAF = ["basicConstraints = critical, CA:false", "keyUsage = critical, digitalSignature"];

/** Extensions of a server's certificate. */
function serving(names: readonly string[], addresses: readonly string[]): string[] {
  const alternatives = [
    ...names.map((name) => `DNS:${name}`),
    ...addresses.map((address) => `IP:${address}`),
  ];
  return [
    ...LEAF,
    "extendedKeyUsage = serverAuth",
    `subjectAltName = ${alternatives.join(",")}`,
  ];
}

function make(): Certificates {
  const folder = makeFolder();
  atExit(() => removeFolder(folder));
  const issue = issuer(folder);

  const root = issue("ca", { commonName: "Test Root", extensions: AUTHORITY });
  const middle = issue("intermediate", {
    commonName: "Test Intermediate",
    extensions: [...AUTHORITY, "subjectAltName = DNS:intermediate.test"],
  }, { ...root, chain: "" });
  const authority: Authority = {
    certPath: middle.leafPath,
    keyPath: middle.keyPath,
    chain: middle.leaf,
  };

  const server = (name: string, subject: Partial<Subject> = {}, by?: Authority | null) => {
    const extensions = serving(SERVER_NAMES, SERVER_ADDRESSES);
    const whole = { commonName: "localhost", extensions, ...subject };
    return issue(name, whole, by === null ? undefined : by ?? authority);
  };
  const client = (name: string, by: Authority) => {
    const extensions = [...LEAF, "extendedKeyUsage = clientAuth"];
    return issue(name, { commonName: "client", extensions }, by);
  };

  const kept = new Map<string, Identity>();
  const keep = (name: string, make: (name: string) => Identity): Identity => {
    const identity = kept.get(name) ?? make(name);
    kept.set(name, identity);
    return identity;
  };
  const stranger = (): Authority => {
    const subject = { commonName: "Another Root", extensions: AUTHORITY };
    return { ...keep("stranger", (name) => issue(name, subject)), chain: "" };
  };

  return {
    folder,
    ca: root.leaf,
    caPath: root.leafPath,
    intermediate: middle.leaf,
    intermediatePath: middle.leafPath,
    server: server("server"),
    get otherServer() {
      return keep("other-server", server);
    },
    get rsaServer() {
      return keep("rsa-server", (name) => server(name, { rsa: true }));
    },
    get expiring() {
      return keep("expiring", (name) => server(name, { until: SOON / DAY }));
    },
    get expired() {
      return keep("expired", (name) => server(name, { from: -60, until: -30 }));
    },
    get notYetValid() {
      return keep("not-yet-valid", (name) => server(name, { from: 30, until: 60 }));
    },
    get wrongName() {
      const extensions = serving(["other.test"], ["192.0.2.1"]);
      return keep("wrong-name", (name) => server(name, { commonName: "other.test", extensions }));
    },
    get commonName() {
      const extensions = [...LEAF, "extendedKeyUsage = serverAuth"];
      return keep("common-name", (name) => server(name, { extensions }));
    },
    get otherBesideCommonName() {
      return keep("beside", (name) => server(name, { extensions: serving(["other.test"], []) }));
    },
    get selfSigned() {
      return keep("self-signed", (name) => server(name, {}, null));
    },
    get untrusted() {
      return keep("untrusted", (name) => server(name, {}, stranger()));
    },
    get client() {
      return keep("client", (name) => client(name, authority));
    },
    get untrustedClient() {
      return keep("untrusted-client", (name) => client(name, stranger()));
    },
  };
}
