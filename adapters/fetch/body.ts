/**
 * The body of a request: its bytes where they are known, a stream where not.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** What is sent. */
export type Body =
  /** Nothing. */
  | { readonly kind: "none" }
  /** Something that can be sent again. */
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "blob"; readonly blob: Blob }
  /** Something that can be sent once. */
  | { readonly kind: "stream"; readonly stream: ReadableStream<Uint8Array> };

/** Milliseconds and bytes to read ahead of a `Request`'s body, to know its length. */
const PATIENCE = 5;
const READ_AHEAD = 64 * 1024;

/** Finds out what is to be sent. */
export async function bodyOf(
  input: string | URL | Request,
  init: RequestInit,
  request: Request,
): Promise<Body> {
  const { body } = init;
  if (body instanceof Blob) return { kind: "blob", blob: body };
  if (body !== undefined && body !== null) {
    if (isStream(body)) return { kind: "stream", stream: request.body! };
    return { kind: "bytes", bytes: new Uint8Array(await request.arrayBuffer()) };
  }
  if (!request.body || !(input instanceof Request)) return { kind: "none" };
  return await readAhead(request.body);
}

/** Whether the length is not known: of streams, and of the iterables that some platforms take. */
function isStream(body: object | string): boolean {
  return body instanceof ReadableStream ||
    typeof body === "object" && Symbol.asyncIterator in body && !(body instanceof Blob);
}

/**
 * A `Request` does not tell what its body was made of. What was a string is here at once, and is sent with its
 * length; what is still to come is sent in chunks.
 */
async function readAhead(stream: ReadableStream<Uint8Array>): Promise<Body> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(resolve, PATIENCE, "late");
  try {
    for (let size = 0; size <= READ_AHEAD;) {
      const next = reader.read();
      const first = await Promise.race([next, late]);
      if (first === "late") return { kind: "stream", stream: rest(chunks, reader, next) };
      if (first.done) return { kind: "bytes", bytes: Buffer.concat(chunks) };
      chunks.push(first.value);
      size += first.value.length;
    }
    return { kind: "stream", stream: rest(chunks, reader, reader.read()) };
  } finally {
    clearTimeout(timer);
  }
}

/** A stream of what has been read, and of what follows. */
function rest(
  chunks: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
  pending: ReturnType<typeof reader.read>,
): ReadableStream<Uint8Array> {
  let next: typeof pending | undefined = pending;
  pending.catch(() => {}); // It is told when it is this chunk's turn.
  return new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift();
      if (chunk) return controller.enqueue(chunk);
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** The length, where it is known. */
export function lengthOf(body: Body): number | undefined {
  switch (body.kind) {
    case "none":
      return 0;
    case "bytes":
      return body.bytes.length;
    case "blob":
      return body.blob.size;
    case "stream":
      return undefined;
  }
}

/** The bytes, in chunks. What is no bytes is an error. */
export async function* chunksOf(body: Body): AsyncGenerator<Uint8Array> {
  if (body.kind === "none") return;
  if (body.kind === "bytes") return yield body.bytes;
  const stream = body.kind === "blob" ? body.blob.stream() : body.stream;
  const reader = stream.getReader();
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      isDone = done;
      if (done) return;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`A chunk of the body is no Uint8Array but ${typeof value}`);
      }
      yield value;
    }
  } finally {
    // Nobody will send the rest.
    if (!isDone) reader.cancel().catch(() => {});
  }
}
