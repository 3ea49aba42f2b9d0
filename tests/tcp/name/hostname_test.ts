/**
 * A name is what the runtime's own URL parser takes for one.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalHost } from "../../../tcp/name/hostname.ts";

const names = [
  ...["example.com", "EXAMPLE.com", "ex_ample.test", "-x.test", "x-.test", "xn--bcher-kva.test"],
  ...[
    "paral·lel.test",
    "نامه\u200cای.test",
    "☕.test",
    "例え。jp",
    "test．jp",
    "a≠b.test",
    "faß.test",
  ],
  ...["🚀.test", "bücher.test", "BÜCHER.test", "ｅｘａｍｐｌｅ.test", "local\u00adhost"],
];

for (const name of names) {
  test(`${JSON.stringify(name)} is spelled as in a URL`, () => {
    assert.equal(canonicalHost(name), new URL(`https://${name}/`).hostname);
  });
}

test("the root's dot is left out", () => {
  assert.equal(canonicalHost("Example.COM."), "example.com");
});

test("every spelling of an IPv4 address is that address", () => {
  for (const spelling of ["127.1", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1."]) {
    assert.equal(canonicalHost(spelling), "127.0.0.1", spelling);
  }
});

test("IPv6 addresses stay as they are, with their scope", () => {
  for (const address of ["::1", "fe80::1%eth0", "2001:DB8::1"]) {
    assert.equal(canonicalHost(address), address);
  }
});

test("what would be another host in a URL is none", () => {
  const wrong = [
    ...["", " ", ".", "..", "a..b", "a b", "a\tb", "a\nb", "a\0b", "[::1]", "localhost:443"],
    ...["http://localhost", "localhost/x", "user@localhost", "localhost?x", "localhost#x"],
    ...["localhost\\x", "local%68ost", "127%2e0.0.1", "a|b", "a^b", "a<b", "1.2.3.4%lo"],
    ...["*.test", "a*b", "::1%", "::1%lo%lo", "::1%l o", "::1%lo/x", "::1%lo]"],
    ...["1.2.3.256", "1.2.3.4.5", "a".repeat(64), `${"a.".repeat(127)}a`, "\ud800.test"],
  ];
  for (const name of wrong) assert.equal(canonicalHost(name), undefined, JSON.stringify(name));
});
