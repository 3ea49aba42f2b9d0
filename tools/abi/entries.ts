/**
 * Everything that the tables of ffi/ declare, as questions, and the answers that the tables give. A
 * declaration without a question is an error: nobody would notice an entry without a proof.
 *
 * @module
 */

import type { PlatformTable } from "../../ffi/table.ts";
import * as sockaddr from "../../ffi/sockaddr.ts";
import { type Entry, type Question, spelled } from "./entry.ts";
import { readSignatures, type Signature, withLong } from "./signatures.ts";
import { fieldOf, type Struct, structs } from "./structs.ts";

/** A table whose sockets are opened by FFI. */
type SocketTable = Exclude<PlatformTable, { fastOpen: "none" }>;
type Layout = Readonly<Record<string, number>>;
type Bits = Readonly<Record<string, { byte: number; mask: number }>>;

/** Parts of a table that say nothing about C, are proved by use, or have a proof of their own. */
const words = ["os", "fastOpen", "writev", "long", "libc", "reason"];

/** Names that tell the mechanisms apart. A platform whose table lacks one must not have it. */
const mechanisms = {
  macros: [
    "MSG_FASTOPEN",
    "TCP_FASTOPEN_CONNECT",
    "SOCK_CLOEXEC",
    "SOCK_NONBLOCK",
    "CONNECT_DATA_IDEMPOTENT",
    "TCP_CONNECTION_INFO",
    "SO_NOSIGPIPE",
  ],
  functions: ["connectx", "sendmsg"],
} as const;

const signatures = readSignatures();

/** Everything that `table` declares, and the absence of what it does not declare. */
export function entriesOf(name: string, table: PlatformTable): Entry[] {
  const long = ofLong(name, table.long);
  if (table.fastOpen === "none") {
    const memory = signatures.filter(({ file }) => file === "memory");
    return [
      long,
      ...memory.flatMap((signature) => ofFunction(signature)),
      ...lacks(name, table),
      ...lacksWritev(name),
    ];
  }
  const entry = (part: string, question: Question, declared: string): Entry => ({
    name: `${name}.${part}`,
    question,
    declared,
  });
  const shared = Object.entries(sockaddr).flatMap(([layout, fields]) =>
    ofLayout(`sockaddr.${layout}`, structOf(layout), fields)
  );
  const own = Object.entries(table).flatMap(([part, value]): Entry[] => {
    if (words.includes(part)) return [];
    switch (part) {
      case "constants":
        return Object.entries(value as Layout).map(([constant, number]) =>
          entry(`${part}.${constant}`, { constant }, spelled.number(number))
        );
      case "errno":
        return Object.entries(value as Readonly<Record<string, string>>).map(([number, constant]) =>
          entry(`${part}.${constant}`, { constant }, spelled.number(Number(number)))
        );
      case "sockaddr":
        return ofFamily(`${name}.${part}`, table.sockaddr.family);
      case "symbols":
        return signatures.filter(({ file }) => file === name.replace("android", "linux"))
          .flatMap((signature) => ofFunction(signature));
      case "errnoSymbol":
        return signatures.filter(({ file }) => file === "libc" || file === "memory")
          .flatMap((signature) => ofFunction(signature, table.errnoSymbol));
      default:
        return part.endsWith("Bits")
          ? ofBits(`${name}.${part}`, structOf(part.slice(0, -"Bits".length)), value as Bits)
          : ofLayout(`${name}.${part}`, structOf(part), value as Layout);
    }
  });
  return [long, ...own, ...shared, ...lacks(name, table)];
}

/**
 * Everything that ffi/openssl.ts declares for a platform. Constants younger than this OpenSSL must
 * be absent.
 */
export function opensslEntries(
  { long }: PlatformTable,
  constants: Readonly<Record<string, number | bigint>>,
  isYounger: (constant: string) => boolean,
): Entry[] {
  const ofConstant = ([constant, value]: [string, number | bigint]): Entry =>
    isYounger(constant)
      ? {
        name: `openssl.${constant}`,
        question: { absentMacro: constant },
        declared: spelled.absent,
      }
      : { name: `openssl.${constant}`, question: { constant }, declared: spelled.number(value) };
  return [
    ...Object.entries(constants).map(ofConstant),
    ...signatures.filter(({ file }) => file === "openssl")
      .map((signature) => ({ ...signature, shape: withLong(signature.shape, long) }))
      .flatMap((signature) => ofFunction(signature)),
  ];
}

/** Entries that ask whether a library exports the functions among `entries`. */
export function exportsOf(entries: readonly Entry[]): Entry[] {
  return entries.flatMap(({ name, question }) =>
    "signatureOf" in question
      ? [{ name, question: { exported: question.signatureOf }, declared: spelled.exported }]
      : []
  );
}

function ofLong(name: string, size: PlatformTable["long"]): Entry {
  return { name: `${name}.long`, question: { sizeOf: "long" }, declared: spelled.number(size) };
}

function structOf(layout: string): Struct {
  const struct = structs[layout];
  if (!struct) throw new Error(`ffi/ declares ${layout}; tools/abi/structs.ts does not know it`);
  return struct;
}

function ofLayout(name: string, struct: Struct, { size = 0, ...fields }: Layout): Entry[] {
  const last = Object.entries(fields).sort(([, a], [, b]) => a - b).at(-1)?.[0] ?? "";
  const ofSize: Question = struct.partial
    ? { endOf: fieldOf(struct, last), in: struct.type }
    : { sizeOf: struct.type };
  return [
    { name: `${name}.size`, question: ofSize, declared: spelled.number(size) },
    ...Object.entries(fields).map(([field, offset]) => ({
      name: `${name}.${field}`,
      question: { offsetOf: fieldOf(struct, field), in: struct.type },
      declared: spelled.number(offset),
    })),
  ];
}

function ofBits(name: string, struct: Struct, fields: Bits): Entry[] {
  return Object.entries(fields).map(([field, { byte, mask }]) => ({
    name: `${name}.${field}`,
    question: { bitsOf: fieldOf(struct, field), in: struct.type },
    declared: spelled.bits(byte, mask),
  }));
}

function ofFamily(name: string, family: SocketTable["sockaddr"]["family"]): Entry[] {
  const place = (field: string, offset: number, size: number): Entry => ({
    name: `${name}.${field}`,
    question: { placeOf: field, in: "struct sockaddr_in" },
    declared: spelled.place(offset, size),
  });
  if (family === "u16") return [place("sin_family", 0, 2)];
  return [place("sin_len", 0, 1), place("sin_family", 1, 1)];
}

/** `errnoSymbol` is the platform's name for the one function that has several names. */
function ofFunction(signature: Signature, errnoSymbol = ""): Entry[] {
  const { file, declaration, shape } = signature;
  const declaredName = /(\w+)\(/.exec(declaration)?.[1] ?? "";
  const of = declaredName === "__errno_location" ? errnoSymbol : declaredName;
  if (declaredName !== signature.name && of !== errnoSymbol) {
    throw new Error(`ffi/${file}.ts: ${signature.name} stands under the declaration of ${of}`);
  }
  const name = `${file}.${signature.name}`;
  return [
    { name, question: { signatureOf: of }, declared: shape },
    {
      name: `${name}, its comment`,
      question: { declaration: declaration.replace(declaredName, of), of },
      declared: spelled.agreed,
    },
  ];
}

function lacks(name: string, table: PlatformTable): Entry[] {
  const [constants, symbols] = table.fastOpen === "none"
    ? [{}, {}]
    : [table.constants, table.symbols];
  return [
    ...mechanisms.macros.filter((macro) => !(macro in constants)).map((absentMacro) => ({
      name: `${name}.constants without ${absentMacro}`,
      question: { absentMacro },
      declared: spelled.absent,
    })),
    // macOS has sendmsg, too, but it opens no connections there.
    ...mechanisms.functions.filter((each) => !(each in symbols || "connectx" in symbols))
      .map((absentFunction) => ({
        name: `${name}.symbols without ${absentFunction}`,
        question: { absentFunction },
        declared: spelled.absent,
      })),
  ];
}

/** Where ffi/ gathers no writes, there must be no writev. */
function lacksWritev(name: string): Entry[] {
  const question = { absentFunction: "writev" };
  return [{ name: `${name}.writev`, question, declared: spelled.absent }];
}
