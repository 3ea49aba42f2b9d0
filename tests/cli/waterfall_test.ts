import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAxis } from "../../cli/axis.ts";
import { drawCallouts } from "../../cli/callouts.ts";
import { drawWaterfall, type WaterfallRow } from "../../cli/waterfall.ts";

function row(label: string, ...at: [syn: number, hello: number, secure: number, response: number]) {
  const names = ["SYN", "hello", "secure", "response"];
  return { label, marks: names.map((name, index) => ({ name, at: at[index] ?? NaN })) };
}

const rows: WaterfallRow[] = [
  row("plain", 0, 70, 71, 105),
  { ...row("Fast Open", 0, 35, 36, 70), note: "accepted" },
  row("Fast Open + ticket + early data", 0, 35, 35.5, 35.5),
];

test("three connections on one axis of round trips", () => {
  assert.equal(
    drawWaterfall(rows, { rtt: 35, width: 80 }),
    `\
RTT 35.0 ms         0            1            2            3 RTT
                    ├────────────┼────────────┼────────────┤
plain               ●━━━━━━━━━━━━━━━━━━━━━━━━━●━━━━━━━━━━━━◆  3.00 RTT  105.0 ms
                    ╰ SYN       hello, secure ╯   response ╯

Fast Open           ●━━━━━━━━━━━━●━━━━━━━━━━━━◆            ┊  2.00 RTT   70.0 ms
                    ╰ SYN        │   response ╯
                                 ╰ hello, secure
                    accepted

Fast Open + ticket  ●━━━━━━━━━━━━◆            ┊            ┊  1.01 RTT   35.5 ms
+ early data        ╰ SYN        ╰ hello, secure, response`,
  );
});

test("nothing is wider than asked for, and every time is there", () => {
  for (let width = 20; width <= 120; width++) {
    const text = drawWaterfall(rows, { rtt: 35, width });
    for (const line of text.split("\n")) assert.ok([...line].length <= width, line);
    for (const time of ["3.00 RTT", "105.0 ms", "2.00 RTT", "1.01 RTT"]) {
      assert.ok(text.replaceAll(/\s+/g, " ").includes(time), text);
    }
  }
});

test("where an axis has no room the times are listed", () => {
  assert.equal(
    drawWaterfall(rows.slice(1, 2), { rtt: 35, width: 40 }),
    `\
Fast Open
  SYN 0.00 RTT, 0.00 ms; hello 1.00 RTT,
  35.0 ms; secure 1.03 RTT, 36.0 ms;
  response 2.00 RTT, 70.0 ms
  accepted`,
  );
  const marks = [{ name: "b", at: 7 }, { name: "none", at: NaN }, { name: "a", at: 0 }];
  const listed = drawWaterfall([{ label: "x", marks }], { rtt: 0, width: 40 });
  assert.equal(listed, "x\n  a 0.00 ms; b 7.00 ms");
});

test("without a known round trip the axis counts milliseconds", () => {
  const text = drawWaterfall(rows, { rtt: 0, width: 80 });
  assert.match(text, /^ +0 +20 +40 +60 +80 +100 ms$/m);
  assert.match(text, / 105\.0 ms$/m);
  assert.doesNotMatch(text, /RTT/);
});

test("what comes before zero is drawn left of it and not counted", () => {
  const late = {
    label: "x",
    marks: [{ name: "lookup", at: -35 }, ...row("", 0, 35, 35, 70).marks],
  };
  const [numbers = "", rule = "", line = ""] = drawWaterfall([late], { rtt: 35, width: 70 })
    .split("\n");
  const zero = numbers.indexOf("0", "RTT 35.0 ms".length);
  assert.equal(rule[zero], "┼");
  assert.ok(line.indexOf("●") < zero);
  assert.equal(line[zero], "●");
  assert.match(line, /2\.00 RTT +70\.0 ms$/);
});

test("a slow connection makes the axis coarser, not longer", () => {
  const text = drawWaterfall([...rows, row("blocked", 0, 1030, 1031, 1070)], {
    rtt: 35,
    width: 80,
  });
  assert.match(text, /^RTT 35\.0 ms +0 +5 +10 +15 +20 +25 +30 RTT$/m);
  assert.match(text, /30\.57 RTT +1070 ms$/m);
});

test("colour only where it is asked for, and never instead of text", () => {
  const plain = drawWaterfall(rows, { rtt: 35 });
  const colored = drawWaterfall(rows, { rtt: 35, color: true });
  // deno-lint-ignore no-control-regex
  const stripped = colored.replaceAll(/\x1b\[\d+m/g, "");
  assert.notEqual(colored, plain);
  assert.equal(stripped.replaceAll(/ +$/gm, ""), plain);
  assert.ok(!plain.includes("\x1b"));
});

test("nothing, and next to nothing", () => {
  assert.match(drawWaterfall([], { rtt: 35 }), /^RTT 35\.0 ms +0 RTT\n/);
  assert.match(drawWaterfall([{ label: "x", marks: [] }], { rtt: 0 }), /^x/m);
  const point = { label: "x", marks: [{ name: "a", at: 0 }, { name: "b", at: NaN }] };
  assert.match(drawWaterfall([point], { rtt: 0 }), /^x +◆ +0\.00 ms\n +╰ a$/m);
});

test("every name is there, whatever the columns", () => {
  for (let seed = 1; seed < 400; seed++) {
    const count = 1 + seed % 6;
    const columns = Array.from(
      { length: count },
      (_, index) => (seed * (index * 7 + 3)) % (8 + seed % 50),
    );
    const callouts = [...new Set(columns)].map((column, index) => ({
      column,
      text: `name${index}`,
    }));
    const lines = drawCallouts(callouts);
    assert.ok(lines.length <= callouts.length);
    for (const { column, text } of callouts) {
      const index = lines.findIndex((line) => line.includes(text));
      const line = lines[index] ?? "";
      const from = line.indexOf(text);
      const hook = line[from - 2] === "╰" && from - 2 === column ? "after" : "before";
      if (hook === "before") assert.equal(line[column], "╯", lines.join("\n"));
      for (const above of lines.slice(0, index)) assert.equal(above[column], "│", lines.join("\n"));
    }
  }
});

test("ticks are round numbers with room to be read", () => {
  for (const [to, rtt] of [[3, 1], [0.4, 0], [1100, 35], [12_345, 0], [7, 100]] as const) {
    const { ticks } = makeAxis(0, to, rtt, 60);
    assert.equal(ticks[0]?.column, 0);
    for (const [index, { column, label }] of ticks.entries()) {
      assert.match(label, /^\d+(\.\d+)?$/);
      const next = ticks[index + 1];
      if (next) assert.ok(next.column - column >= 5, `${to}: ${label}`);
    }
  }
});
