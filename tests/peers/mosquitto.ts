/**
 * Mosquitto, an MQTT broker, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { type Daemon, startDaemon } from "./daemon.ts";

/** Starts Mosquitto, which lets everybody in. */
export function startMosquitto(port?: number): Promise<Daemon> {
  return startDaemon((folder, port) => {
    const configuration = folder.path("mosquitto.conf");
    writeFileSync(configuration, `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\n`);
    return ["mosquitto", "-c", configuration];
  }, { port });
}
