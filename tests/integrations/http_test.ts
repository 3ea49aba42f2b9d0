import assert from "node:assert/strict";
import { startNginx } from "../peers/nginx.ts";
import { testPage } from "./page.ts";

testPage("https", { needs: ["nginx"] }, async (page) => {
  await using nginx = await startNginx();
  const answer = await page.run({
    "https://example.com/": `https://localhost:${nginx.port}/facts`,
  });
  assert.equal(answer.code, 0, answer.stderr);
  assert.equal(JSON.parse(answer.stdout).request, "GET /facts HTTP/1.1");
});
