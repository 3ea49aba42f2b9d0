/**
 * Sandboxes that know neither Fast Open nor TCP_INFO, as gVisor and seccomp profiles have it: the
 * connection is a plain one at once, and says why.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { askChild } from "../../fixtures/hostile_child.ts";
import type { Sandboxed } from "../../fixtures/hostile_sandbox.ts";
import type { Sandbox } from "../../fixtures/seccomp.ts";

const skip = process.platform !== "linux" && "seccomp is Linux's";

const enter = (sandbox: Sandbox) => askChild<Sandboxed>("sandbox", [JSON.stringify(sandbox)]);

const errors = { EPERM: 1, EACCES: 13, EINVAL: 22, ENOSYS: 38, ENOPROTOOPT: 92, EOPNOTSUPP: 95 };

const tells = {
  "can be had": {},
  "is refused": { tcpInfo: errors.ENOPROTOOPT },
  "is blank": { tcpInfo: 0 },
};

for (const [name, errno] of Object.entries(errors)) {
  for (const [what, tcpInfo] of Object.entries(tells)) {
    test(
      `MSG_FASTOPEN refused with ${name}, and TCP_INFO ${what}: plain at once`,
      { skip },
      async () => {
        const result = await enter({ fastOpen: errno, ...tcpInfo });
        const says = JSON.stringify(result);
        for (const { outcome, reason = "", synBytes } of [result.client, result.plain]) {
          assert.equal(outcome, "unsupported", says);
          assert.match(reason, new RegExp(`${name}|switched off`), says);
          assert.equal(synBytes, 0, says);
        }
        assert.ok(result.milliseconds < 200, says);
        assert.equal(result.refused, "CONNECTION_REFUSED", says);
        assert.equal(result.blocked, false, says);
      },
    );
  }
}

test("TCP_FASTOPEN_CONNECT refused: plain at once", { skip }, async () => {
  const { client, plain, milliseconds } = await enter({ fastOpenConnect: errors.EPERM });
  for (const { outcome, reason = "" } of [client, plain]) {
    assert.equal(outcome, "unsupported");
    assert.match(reason, /EPERM|switched off/);
  }
  assert.ok(milliseconds < 200);
});

for (const [what, tcpInfo] of [["refused", errors.ENOPROTOOPT], ["blank", 0]] as const) {
  test(
    `TCP_INFO alone is ${what}: the connection stands, and nothing is made up`,
    { skip },
    async () => {
      const result = await enter({ tcpInfo });
      const says = JSON.stringify(result);
      for (const { outcome, reason, rtt } of [result.client, result.plain, result.server]) {
        assert.equal(outcome, "unsupported", says);
        // What listens here may not take Fast Open at all.
        assert.match(reason ?? "", /does not tell|switched off/, says);
        assert.equal(rtt, undefined, says);
      }
      assert.equal(result.refused, "CONNECTION_REFUSED", says);
      assert.equal(result.blocked, false, says);
    },
  );
}
