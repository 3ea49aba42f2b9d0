/**
 * Types of the runtimes' own TLS, as far as the benchmarks use them.
 *
 * @module
 */

/** The part of the `Deno` namespace used here. */
export interface DenoNamespace {
  connectTls(options: { hostname: string; port: number; caCerts: string[] }): Promise<DenoTlsConn>;
  createHttpClient(options: { caCerts: string[] }): Disposable;
}

/** The part of `Deno.TlsConn` used here. */
export interface DenoTlsConn extends Disposable {
  handshake(): Promise<unknown>;
  read(into: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  readonly readable: ReadableStream<Uint8Array>;
}

/** The part of Bun's sockets used here. */
export interface BunSocket {
  /** Returns the number of bytes taken, -1 once the socket is closed. */
  write(bytes: Uint8Array): number;
  pause(): void;
  end(): void;
}

/** The part of the `Bun` namespace used here. */
export interface BunNamespace {
  connect(options: {
    hostname: string;
    port: number;
    tls: { ca: string; serverName: string };
    socket: {
      handshake(socket: BunSocket, success: boolean, error: Error): void;
      data(socket: BunSocket, chunk: Uint8Array): void;
      drain?(socket: BunSocket): void;
      close(socket: BunSocket): void;
      end(socket: BunSocket): void;
      error(socket: BunSocket, error: Error): void;
    };
  }): Promise<BunSocket>;
}

const globals = globalThis as unknown as { Deno?: DenoNamespace; Bun?: BunNamespace };

/** The `Deno` namespace; called on Deno only. */
export function denoNamespace(): DenoNamespace {
  if (!globals.Deno) throw new Error("This is not Deno");
  return globals.Deno;
}

/** The `Bun` namespace; called on Bun only. */
export function bunNamespace(): BunNamespace {
  if (!globals.Bun) throw new Error("This is not Bun");
  return globals.Bun;
}
