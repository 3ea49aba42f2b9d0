import assert from "node:assert/strict";
import { test } from "node:test";
import { soon } from "../../peers/peer.ts";
import { AnswerWatch } from "../../../tls/client/answer_watch.ts";

/** A stream of these pieces, which then says no more until `then` is settled. */
function streamOf(pieces: readonly string[], then: Promise<Uint8Array | null>) {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  return { next: () => left.length > 0 ? Promise.resolve(left.shift()!) : then };
}

const undecided = () => undefined;

test("what asks for an answer itself is not held for ever, and nothing of it is lost", async () => {
  const { promise: more, resolve } = Promise.withResolvers<null>();
  const watch = new AnswerWatch(undecided, 1);
  assert.equal(await soon("verdict", watch.judge(streamOf(["PING"], more))), false);
  assert.equal(String.fromCharCode(...await watch.next() ?? []), "PING");
  const next = watch.next(); // It has begun to read that.
  resolve(null);
  assert.equal(await next, null);
});

test("a watch that is ended hands on what it has, and then what it waits for", async () => {
  const { promise: more, resolve } = Promise.withResolvers<Uint8Array>();
  const watch = new AnswerWatch(undecided);
  const verdict = watch.judge(streamOf([], more));
  watch.end();
  assert.equal(await verdict, false);
  const next = watch.next();
  resolve(new Uint8Array(3));
  assert.equal((await next)?.length, 3);
  assert.equal(await watch.next(), undefined);
});

test("an error after the beginning of an answer comes after that beginning", async () => {
  const watch = new AnswerWatch(undecided);
  const broken = Promise.reject(new Error("broken"));
  broken.catch(() => {});
  assert.equal(await watch.judge(streamOf(["HTTP/1.1 4"], broken)), false);
  assert.equal((await watch.next())?.length, 10);
  await assert.rejects(watch.next(), /broken/);
});
