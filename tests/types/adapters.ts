/**
 * Adapters fit where libraries take them, by the types of both. Compiled, never run.
 */

import { connect } from "node:http2";
import { Redis } from "ioredis";
import { MqttClient } from "mqtt";
import { createTransport } from "nodemailer";
import { Agent } from "undici";
import { connector as http2Connector } from "../../adapters/http2.ts";
import { connector as mqttConnector } from "../../adapters/mqtt.ts";
import { connector as nodemailerConnector } from "../../adapters/nodemailer.ts";
import { connector as redisConnector, readOnly } from "../../adapters/redis.ts";
import { connector as undiciConnector } from "../../adapters/undici.ts";

export const libraries = [
  () => connect("https://localhost", { createConnection: http2Connector() }),
  () => new Redis({ Connector: redisConnector({ earlyData: readOnly }) }),
  () => new MqttClient(mqttConnector(), { host: "localhost" }),
  () => createTransport({ host: "localhost", getSocket: nodemailerConnector() }),
  () => createTransport({ pool: true, host: "localhost", getSocket: nodemailerConnector() }),
  () => new Agent({ connect: undiciConnector() }),
];
