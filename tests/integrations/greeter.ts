/**
 * A service of Connect: what a generator would have made of its description, and a server of it.
 *
 *     service Greeter { rpc Greet(GreetRequest) returns (GreetReply) { option idempotency_level = NO_SIDE_EFFECTS; } }
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer } from "node:http";
import { library } from "../libraries/library.ts";

interface Protobuf {
  create(schema: unknown, value: object): object;
  toBinary(schema: unknown, message: object): Uint8Array;
}

const protobuf = library<Protobuf>("@bufbuild/protobuf");
const { FileDescriptorProtoSchema } = library<{ FileDescriptorProtoSchema: unknown }>(
  "@bufbuild/protobuf/wkt",
);
const { fileDesc, serviceDesc } = library<{
  fileDesc(base64: string): unknown;
  serviceDesc(file: unknown, index: number): unknown;
}>("@bufbuild/protobuf/codegenv2");

const STRING = 9;
const OPTIONAL = 1;
const NO_SIDE_EFFECTS = 1;

const message = (name: string, field: string) => ({
  name,
  field: [{ name: field, number: 1, type: STRING, label: OPTIONAL, jsonName: field }],
});

const described = protobuf.create(FileDescriptorProtoSchema, {
  name: "greeter.proto",
  package: "tests",
  syntax: "proto3",
  messageType: [message("GreetRequest", "name"), message("GreetReply", "text")],
  service: [{
    name: "Greeter",
    method: [{
      name: "Greet",
      inputType: ".tests.GreetRequest",
      outputType: ".tests.GreetReply",
      options: { idempotencyLevel: NO_SIDE_EFFECTS },
    }],
  }],
});
const base64 = Buffer.from(protobuf.toBinary(FileDescriptorProtoSchema, described)).toString(
  "base64",
);

/** The file that protoc-gen-es makes, as far as a client uses it. */
export const GENERATED = `
import { fileDesc, serviceDesc, type GenMessage, type GenService } from "@bufbuild/protobuf/codegenv2";
import type { Message } from "@bufbuild/protobuf";

type GreetRequest = Message<"tests.GreetRequest"> & { name: string };
type GreetReply = Message<"tests.GreetReply"> & { text: string };
const file = fileDesc("${base64}");
export const Greeter: GenService<{
  greet: {
    methodKind: "unary";
    input: GenMessage<GreetRequest>;
    output: GenMessage<GreetReply>;
  };
}> = serviceDesc(file, 0);
`;

interface Call {
  readonly requestHeader: Headers;
  readonly requestMethod: string;
}

/** Starts a server at a path. Its answers tell how the request came, as whoever is in front of it says. */
export async function startGreeter(path: string): Promise<AsyncDisposable> {
  const { connectNodeAdapter } = library<{
    connectNodeAdapter(options: object): Parameters<typeof createServer>[1];
  }>("@connectrpc/connect-node");
  const greet = ({ name }: { name: string }, { requestHeader, requestMethod }: Call) => ({
    text: `${requestMethod} of ${name}, early: ${requestHeader.get("early-data") ?? "no"}`,
  });
  interface Router {
    service(service: unknown, implementation: object): void;
  }
  const routes = (router: Router) => router.service(serviceDesc(fileDesc(base64), 0), { greet });
  const server = createServer(connectNodeAdapter({ routes }));
  await once(server.listen(path), "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
