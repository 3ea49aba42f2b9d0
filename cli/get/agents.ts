/**
 * The agents of a run: one for the server that the user has named, one for those that it redirects to.
 *
 * @module
 */

import type { AgentOptions } from "../../adapters/agent.ts";
import { NotingAgent } from "./exchange.ts";
import type { Wanted } from "./request.ts";

/** Agents with the same options, but that a stranger learns nothing of who asks. */
export class Agents {
  #named: NotingAgent;
  #elsewhere: NotingAgent;

  /** @throws {OptionError} when an option is wrong */
  constructor(options: AgentOptions) {
    const { cert: _, key: __, passphrase: ___, serverName: ____, ...others } = options;
    this.#named = new NotingAgent(options);
    this.#elsewhere = new NotingAgent({ ...others, postHandshakeAuth: false });
  }

  for({ isElsewhere }: Wanted): NotingAgent {
    return isElsewhere ? this.#elsewhere : this.#named;
  }

  destroy(): void {
    this.#named.destroy();
    this.#elsewhere.destroy();
  }
}
