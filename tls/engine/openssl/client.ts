/**
 * The client's side of OpenSSL.
 *
 * @module
 */

import { isIP } from "node:net";
import { badOption } from "../../../base/option_errors.ts";
import { cString, slotOf } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { withPinned } from "../../../ffi/pin.ts";
import { runtime } from "../../../runtimes/mod.ts";
import { offersTicket } from "../client_hello.ts";
import type { ClientConfig, ClientEngine, EarlyDataStatus } from "../contract.ts";
import { classicalGroups, groupsWithShare, numberOfGroup, PREFERRED_HYBRID } from "../groups.ts";
import { type NameCheck, spellingsOf } from "../names.ts";
import { aboutRoots } from "../own_roots.ts";
import { encodeProtocols } from "./callbacks.ts";
import { clientContext, versionsOf } from "./context.ts";
import { OpensslEngine } from "./engine.ts";
import { systemPolicy } from "./library.ts";
import { freeSession, protocolOf, readSession, ticketOf } from "./native_session.ts";
import { namePeer, TlsError } from "../../errors.ts";

/** A client engine. Throws `TlsError` when OpenSSL is missing or the configuration is unusable. */
export function opensslClient(config: ClientConfig): ClientEngine {
  const { hostname, port } = config;
  const engine = namePeer({ hostname, port }, () => {
    return new OpensslClient(clientContext(config), config);
  });
  try {
    engine.configure();
    return engine;
  } catch (error) {
    engine.free();
    throw error;
  }
}

/** The groups that OpenSSL may offer here, most wanted first. */
function offeredGroups(): readonly string[] {
  const { groups } = systemPolicy();
  return [PREFERRED_HYBRID, ...classicalGroups].filter((name) => {
    return groups.includes(numberOfGroup(name) ?? 0);
  });
}

/**
 * The algorithms that certificates on the web are signed with, by their numbers (RFC 8446, section
 * 4.2.3). The full hello has more.
 */
const LEAN_SIGNATURE_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  ...[[0x0403, "ecdsa_secp256r1_sha256"], [0x0503, "ecdsa_secp384r1_sha384"]] as const,
  ...[[0x0807, "ed25519"]] as const,
  ...[[0x0804, "rsa_pss_rsae_sha256"], [0x0805, "rsa_pss_rsae_sha384"]] as const,
  ...[[0x0806, "rsa_pss_rsae_sha512"], [0x0401, "rsa_pkcs1_sha256"]] as const,
  ...[[0x0501, "rsa_pkcs1_sha384"], [0x0601, "rsa_pkcs1_sha512"]] as const,
]);

/** Those of the algorithms above that OpenSSL may offer here. */
function leanSignatureAlgorithms(): string {
  const { signatureAlgorithms } = systemPolicy();
  const lean = [...LEAN_SIGNATURE_ALGORITHMS];
  return lean.filter(([number]) => signatureAlgorithms.includes(number)).map(([, name]) => name)
    .join(":");
}

class OpensslClient extends OpensslEngine implements ClientEngine {
  earlyDataTaken = 0;
  earlyProtocol: string | null = null;
  offersSession = false;
  sessionReusable = false;
  #config: ClientConfig;
  #maxEarlyData = 0;
  /** The session last seen; OpenSSL makes another one for each ticket. */
  #session = 0n;

  constructor(context: bigint, config: ClientConfig) {
    const { hostname, port, serverName, caCerts } = config;
    super(context, { hostname, port, serverName, aboutRoots: () => aboutRoots(caCerts) }, {
      keyLog: (line) => queueMicrotask(() => config.keyLog?.(line)),
    });
    this.#config = config;
  }

  get writable(): boolean {
    return this.secured;
  }

  protected override get allowsRenegotiation(): boolean {
    return this.#config.postHandshakeAuth;
  }

  /**
   * A hello that announces early data must be followed by early data. A lean hello may be refused
   * by the path, so other attempts must not carry it. Nothing else in a hello is unusual.
   */
  get repeatable(): boolean {
    return this.earlyDataTaken === 0 && this.#config.hello !== "lean";
  }

  protected askEarlyData(): EarlyDataStatus {
    if (this.earlyDataTaken === 0) return "not-sent";
    const status = this.library.SSL_get_early_data_status(this.ssl);
    return status === OPENSSL.SSL_EARLY_DATA_ACCEPTED ? "accepted" : "rejected";
  }

  configure(): void {
    const { library, ssl } = this;
    const { serverName, verifyName, alpnProtocols, hello, session } = this.#config;
    library.SSL_set_connect_state(ssl);
    if (this.allowsRenegotiation) {
      library.SSL_clear_options(ssl, OPENSSL.SSL_OP_NO_RENEGOTIATION);
      library.SSL_set_post_handshake_auth(ssl, 1);
    }
    library.ERR_clear_error();
    const isAddress = isIP(serverName) !== 0;
    if (!isAddress) {
      this.#control("serverName", OPENSSL.SSL_CTRL_SET_TLSEXT_HOSTNAME, cString(serverName));
    }
    if (verifyName) this.#expect(serverName, isAddress, verifyName);
    if (alpnProtocols.length > 0) {
      const protocols = encodeProtocols(alpnProtocols);
      const failed = library.SSL_set_alpn_protos(ssl, protocols, protocols.length); // 0 is success
      this.#check("alpnProtocols", failed === 0 ? 1 : 0);
    }
    if (session !== undefined) this.#resume(session);
    this.#offerGroups();
    if (hello === "lean" && versionsOf(this.#config).newest === "TLSv1.3") this.#slim();
  }

  /** Names the host or the address that the certificate must be for; see `names.ts`. */
  #expect(serverName: string, isAddress: boolean, check: NameCheck): void {
    const { library, ssl } = this;
    const parameters = library.SSL_get0_param(ssl);
    if (isAddress) {
      const address = cString(serverName);
      this.#check("serverName", library.X509_VERIFY_PARAM_set1_ip_asc(parameters, address));
      return;
    }
    const subject = check === "or-common-name" ? 0 : OPENSSL.X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    const flags = OPENSSL.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | subject;
    library.X509_VERIFY_PARAM_set_hostflags(parameters, flags);
    // OpenSSL finds no wildcard for a label with an underscore, and no name that ends with a dot. As
    // names to be found literally it takes both.
    for (const [index, spelling] of spellingsOf(serverName).entries()) {
      const name = cString(spelling);
      const add = index === 0 ? "X509_VERIFY_PARAM_set1_host" : "X509_VERIFY_PARAM_add1_host";
      this.#check("serverName", library[add](parameters, name, 0n));
    }
  }

  /** Offers groups. Without a list, or with an unknown share, the library's own list stays. */
  #offerGroups(): void {
    const { groups, keyShare, ridesInSyn } = this.#config;
    const command = OPENSSL.SSL_CTRL_SET_GROUPS_LIST;
    if (groups) return this.#control("groups", command, cString(groups.join(":")));
    if (keyShare === undefined || !offeredGroups().includes(keyShare)) return;
    const resumesInSyn = ridesInSyn && this.offersSession;
    const list = groupsWithShare(keyShare, offeredGroups(), resumesInSyn);
    this.#call(command, cString(list.join(":")));
    this.library.ERR_clear_error();
  }

  /**
   * Makes the hello lean: only TLS 1.3, and nothing that earlier versions or the middleboxes of
   * their time need (RFC 8446, appendix D.4).
   */
  #slim(): void {
    const { library, ssl } = this;
    const version = BigInt(OPENSSL.TLS1_3_VERSION);
    library.SSL_ctrl(ssl, OPENSSL.SSL_CTRL_SET_MIN_PROTO_VERSION, version, 0n);
    library.SSL_clear_options(ssl, OPENSSL.SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    library.SSL_set_options(
      ssl,
      OPENSSL.SSL_OP_NO_EXTENDED_MASTER_SECRET | OPENSSL.SSL_OP_NO_ENCRYPT_THEN_MAC |
        OPENSSL.SSL_OP_NO_RX_CERTIFICATE_COMPRESSION,
    );
    this.#call(OPENSSL.SSL_CTRL_SET_SIGALGS_LIST, cString(leanSignatureAlgorithms()));
    library.ERR_clear_error(); // On failure OpenSSL's own, longer list stays.
  }

  start(earlyData?: Uint8Array): Uint8Array {
    const { library, ssl } = this;
    library.ERR_clear_error();
    const early = earlyData?.subarray(0, this.#maxEarlyData);
    if (early && early.length > 0) {
      const written = slotOf(0n);
      const result = library.SSL_write_early_data(ssl, early, BigInt(early.length), written);
      if (result !== 1) throw this.fail("SSL_write_early_data");
      this.earlyDataTaken = early.length;
      this.earlyProtocol = protocolOf(library.SSL_get_session(ssl));
    } else {
      this.wantsInput("SSL_do_handshake", library.SSL_do_handshake(ssl));
    }
    const flight = this.output() ?? new Uint8Array();
    this.#checkEarlyData(flight);
    return flight;
  }

  /**
   * OpenSSL leaves out a session that seems too old, or made in the future, as after the clock was
   * set back. Some versions encrypt early data nevertheless, with a key of zeros, so that anybody
   * can read it.
   */
  #checkEarlyData(flight: Uint8Array): void {
    if (this.earlyDataTaken === 0 || offersTicket(flight)) return;
    throw new TlsError("PROTOCOL_ERROR", "OpenSSL left out the session of the early data", {
      ...this.peer,
      call: "SSL_write_early_data",
    });
  }

  protected handshake(): boolean {
    const result = this.library.SSL_do_handshake(this.ssl);
    return result === 1 || !this.wantsInput("SSL_do_handshake", result);
  }

  /** Looks for a new ticket. A callback would cost more, and its worker might end in the middle. */
  protected override lookForTicket(): void {
    const { library, ssl } = this;
    const { onTicket, keyShare } = this.#config;
    const session = onTicket ? library.SSL_get_session(ssl) : 0n;
    if (!onTicket || session === this.#session) return;
    this.#session = session;
    if (library.SSL_SESSION_is_resumable(session) !== 1) return;
    const group = this.resumed ? keyShare : this.info().group;
    const ticket = ticketOf(session, library.SSL_get0_peer_certificate(ssl), group);
    queueMicrotask(() => onTicket(ticket));
  }

  #control(option: keyof ClientConfig, command: number, argument: Uint8Array): void {
    this.#check(option, this.#call(command, argument));
  }

  #call(command: number, argument: Uint8Array): number {
    const { library, ssl } = this;
    return withPinned([argument], () => {
      return Number(library.SSL_ctrl(ssl, command, 0n, runtime.addressOf(argument)));
    });
  }

  #check(option: keyof ClientConfig, result: number): void {
    if (result === 1) return;
    this.library.ERR_clear_error(); // OpenSSL's words name nothing that a caller knows.
    throw badOption(option, "known to OpenSSL", this.#config[option], this.peer);
  }

  /** Offers a session. With one that can't be read, the handshake is a full one. */
  #resume(bytes: Uint8Array): void {
    const { library, ssl } = this;
    const session = readSession(bytes);
    if (session === 0n) return;
    if (library.SSL_set_session(ssl, session) === 1) {
      this.offersSession = true;
      this.#session = session;
      this.#maxEarlyData = library.SSL_SESSION_get_max_early_data(session);
      const version = library.SSL_SESSION_get_protocol_version(session);
      this.sessionReusable = version < OPENSSL.TLS1_3_VERSION;
    }
    freeSession(session); // The connection has a reference of its own.
  }
}
