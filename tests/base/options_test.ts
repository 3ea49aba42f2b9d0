import assert from "node:assert/strict";
import { test } from "node:test";
import { OptionError } from "../../base/errors.ts";
import {
  boolean,
  bytes,
  callback,
  calledElsewhere,
  defaulted,
  integer,
  listOf,
  milliseconds,
  oneOf,
  optional,
  readOptions,
  required,
  type Rules,
} from "../../base/options.ts";

interface Settings {
  hostname: string;
  port: number;
  fast: boolean;
  data: Uint8Array | undefined;
  names: readonly string[];
  connectTimeout: number;
  onEnd: (() => void) | undefined;
}

const rules: Rules<Settings> = {
  hostname: calledElsewhere(required(oneOf("here", "there")), "host"),
  port: required(integer(1, 9)),
  fast: defaulted(boolean, true),
  data: optional(bytes),
  names: defaulted(listOf<string>("a list", (list) => list.length < 3), []),
  connectTimeout: calledElsewhere(defaulted(milliseconds, 500), "timeout", "patience"),
  onEnd: optional(callback()),
};

const good = { hostname: "here", port: 1 };

function refuse(given: unknown, message: RegExp, option?: string): void {
  assert.throws(() => readOptions(given, rules, ({ hostname }) => ({ hostname: `${hostname}` })), {
    name: "OptionError",
    code: "INVALID_OPTION",
    message,
    ...(option === undefined ? {} : { option }),
  });
}

test("what is missing has its default, and settings can't be changed", () => {
  const settings = readOptions(good, rules);
  assert.deepEqual(settings, {
    ...good,
    fast: true,
    data: undefined,
    names: [],
    connectTimeout: 500,
    onEnd: undefined,
  });
  assert.ok(Object.isFrozen(settings));
  assert.equal(readOptions({ ...good, fast: undefined }, rules).fast, true);
});

test("what must be given can't be missing", () => {
  refuse(
    { hostname: "here" },
    /^Option "port" must be an integer from 1 to 9, got undefined/,
    "port",
  );
  refuse({ port: 1 }, /^Option "hostname" must be "here" or "there", got undefined/, "hostname");
});

test("lists and bytes are copies, also of a view on something larger", () => {
  const names = ["a"];
  const data = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
  const settings = readOptions({ ...good, names, data }, rules);
  names.push("b");
  data.fill(9);
  assert.deepEqual(settings.names, ["a"]);
  assert.ok(Object.isFrozen(settings.names));
  assert.deepEqual([...settings.data ?? []], [1, 2]);
  assert.equal(settings.data?.buffer.byteLength, 2);
});

test("bytes whose buffer was transferred are refused", () => {
  const data = new Uint8Array(4);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  assert.equal(data.length, 0);
  const settings = () => readOptions({ ...good, data }, rules);
  assert.throws(settings, { name: "OptionError", option: "data" });
});

test("what is checked of a list is the copy that is used", () => {
  let reads = 0;
  const names = Object.defineProperty(["a"], 0, { get: () => `${++reads}` });
  assert.deepEqual(readOptions({ ...good, names }, rules).names, ["1"]);
  assert.equal(reads, 1);
});

test("what is refused is shown, and never as more than a line", () => {
  const long = "x".repeat(10_000);
  const secret = `-----BEGIN PRIVATE KEY-----\n${long}`;
  refuse({ ...good, fast: long }, /^.{50,300}$/, "fast");
  refuse({ ...good, fast: secret }, /got "-----BEGIN PRIVATE KEY-----…"/);
  refuse({ ...good, fast: () => secret }, /got a function/);
  refuse({ ...good, names: Array(2).concat("c") }, /got \[undefined, undefined, "c"\]/);
  refuse({ ...good, [long]: 1 }, /^.{50,300}$/);
  refuse({ ...good, fast: Object.create(null) }, /got an object/);
  const hostile = {
    get constructor(): never {
      throw new Error("no");
    },
  };
  refuse({ ...good, fast: hostile }, /got an object/);
});

for (
  const [slip, meant] of [
    ["hostName", "hostname"],
    ["host", "hostname"],
    ["prot", "port"],
    ["Data", "data"],
    ["timeout", "connectTimeout"],
    ["patience", "connectTimeout"],
    ["connectTimeOut", "connectTimeout"],
    ["onend", "onEnd"],
  ] as const
) {
  test(`"${slip}" is not ignored, and "${meant}" is what was meant`, () => {
    const says = new RegExp(`^Option "${slip}" is not known here; did you mean "${meant}"\\?`);
    refuse({ ...good, [slip]: 1 }, says, slip);
  });
}

test("a name that is near to none is refused without advice, and the host is named", () => {
  refuse({ ...good, zzz: 1 }, /^Option "zzz" is not known here \(connecting to "here"\)$/, "zzz");
  refuse({ ...good, toString: 1 }, /^Option "toString" is not known/, "toString");
  refuse({ ...good, ["__proto__x"]: 1 }, /^Option "__proto__x" is not known/);
});

test("a name without a value is as good as none", () => {
  assert.equal(readOptions({ ...good, zzz: undefined }, rules).port, 1);
});

test("a class may have more than options, and getters are read once", () => {
  let reads = 0;
  class Options {
    hostname = "here";
    get port() {
      reads++;
      return 1;
    }
    somethingElse() {}
  }
  class More extends Options {
    get connectTimeout() {
      return 7;
    }
  }
  const settings = readOptions(new More(), rules);
  assert.deepEqual([settings.port, settings.connectTimeout], [1, 7]);
  assert.equal(reads, 1);
});

test("options without a prototype are options, and symbols are nobody's slip", () => {
  const given = Object.assign(Object.create(null), good, { [Symbol("mine")]: 1 });
  assert.equal(readOptions(given, rules).port, 1);
});

test("what is no object is no options", () => {
  for (const given of [null, undefined, 3, "options", true]) {
    refuse(given, /^Argument "options" must be an object, got /, "options");
  }
  refuse([], /^Option "hostname" must be/);
});

test("the first unknown name is told before the first wrong value", () => {
  const given = { hostname: "nowhere", port: 0, wrong: 1 };
  assert.throws(() => readOptions(given, rules), (error) => {
    return error instanceof OptionError && error.option === "wrong";
  });
});
