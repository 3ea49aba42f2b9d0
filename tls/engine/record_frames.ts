/**
 * Where TLS records begin and end (RFC 8446, section 5.1). Their lengths are not encrypted.
 *
 * @module
 */

const HEADER = 5;

/** Follows one direction of a connection. */
export class RecordFrames {
  /** Bytes of the current record's header so far, and its length as far as that is known. */
  #headerBytes = 0;
  #type = 0;
  #length = 0;
  /** Bytes of the current record that are still to come. */
  #missing = 0;

  /** Whether a record has begun and has not ended. */
  get isPartial(): boolean {
    return this.#headerBytes > 0 || this.#missing > 0;
  }

  /** `onRecord` gets the content type of each record whose header is complete. */
  feed(bytes: Uint8Array, onRecord?: (type: number) => void): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#missing > 0) {
        const taken = Math.min(this.#missing, bytes.length - at);
        this.#missing -= taken;
        at += taken;
        continue;
      }
      const byte = bytes[at++] ?? 0;
      if (this.#headerBytes === 0) this.#type = byte;
      this.#headerBytes++;
      if (this.#headerBytes > HEADER - 2) this.#length = this.#length << 8 | byte;
      if (this.#headerBytes < HEADER) continue;
      onRecord?.(this.#type);
      this.#missing = this.#length;
      this.#headerBytes = 0;
      this.#length = 0;
    }
  }
}
