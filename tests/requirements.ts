/**
 * What the RFCs require of this project, and what shows that it is so.
 *
 * Each row is one MUST or SHOULD of RFC 7413 (Fast Open), 8446 (TLS 1.3), 8470 (early data in HTTP), 8305
 * (Happy Eyeballs) or 9325 (recommendations for TLS), in our own words, as far as it concerns what is
 * written here. It ends in one of three ways:
 *
 * - `tests`: the titles of tests that fail where it is not met, written as a test run reports them. They
 *   run under all three runtimes, or the whole run has failed there (`tools/test/suite.ts`)
 * - `decision`: why it is done otherwise here, or whose it is. The kernel makes the segments of TCP and
 *   keeps the cookies, OpenSSL makes and reads the messages of TLS, the application knows what its data
 *   mean (`ARCHITECTURE.md`, "Requirements")
 * - `open`: not met today, and nobody has decided that it should stay so
 *
 * @module
 */

/** One requirement, and what became of it. */
export type Requirement = Norm & (Shown | Decided | Open);

/** What an RFC requires. */
interface Norm {
  readonly rfc: 7413 | 8305 | 8446 | 8470 | 9325;
  /** `4.2.10`, `E.5`. */
  readonly section: string;
  /** How much it binds (RFC 2119); RECOMMENDED is SHOULD, and so is a value that is recommended. */
  readonly level: "MUST" | "MUST NOT" | "SHOULD" | "SHOULD NOT";
  /** What is to be done, or what is not. */
  readonly what: string;
}

interface Shown {
  readonly tests: readonly [string, ...string[]];
}

interface Decided {
  readonly decision: string;
}

interface Open {
  readonly open: string;
}

/** All of them, by RFC and section. */
export const requirements = [
  // RFC 7413, TCP Fast Open

  {
    rfc: 7413,
    section: "2",
    level: "MUST NOT",
    what: "Use Fast Open unless the application asks for it, for each service",
    decision:
      "To call connect or connectTls is to ask, per connection; the option fastOpen is on by default. " +
      "What rides in a SYN unasked is a ClientHello, which does no harm twice. All else is passed as " +
      "data or earlyData (SECURITY.md, Data in a SYN).",
  },
  {
    rfc: 7413,
    section: "4.1.1",
    level: "MUST",
    what: "Ignore a Fast Open option of a wrong length, or outside of a SYN",
    decision: "The kernel's: no option of TCP is read or written here.",
  },
  {
    rfc: 7413,
    section: "4.1.2",
    level: "SHOULD",
    what: "Make a server's cookie a MAC over the client's address",
    decision: "The kernel's, which makes and checks the cookies.",
  },
  {
    rfc: 7413,
    section: "4.1.3",
    level: "MUST",
    what: "Keep the cookie for later connections",
    tests: [
      "connectTls over ipv4: the first SYN asks for a cookie, the second carries the flight",
      "connectTls over ipv6: the first SYN asks for a cookie, the second carries the flight",
    ],
  },
  {
    rfc: 7413,
    section: "4.1.3.1",
    level: "MUST",
    what: "Remember that a SYN with data, or with the option, got no answer or a reset",
    tests: [
      "connectTls over ipv4: SYNs with data are lost once, and then spared",
      "connect over ipv6: SYNs with data are lost once, and then spared",
      "connect: a reset for the SYN with data",
      "connect: SYNs with the mere option are lost",
    ],
  },
  {
    rfc: 7413,
    section: "4.1.3.1",
    level: "MUST",
    what: "Remember that the SYN's data were not acknowledged",
    decision:
      "Not remembered, and it even ends a block: the SYN went through. The data follow with the " +
      "ACK, so it costs no time; and a server with a new key sends a new cookie in the same answer, " +
      "which the next connection would not use if it were spared Fast Open.",
  },
  {
    rfc: 7413,
    section: "4.1.3.1",
    level: "MUST",
    what: "Remember ICMP errors that a SYN with data has met",
    decision:
      "An error that ends the attempt counts as a reset does. Of a packet too large the kernel " +
      "learns, and makes the next SYN smaller: there is nothing to remember (tcp/dial/verdict.ts).",
  },
  {
    rfc: 7413,
    section: "4.1.3.1",
    level: "SHOULD",
    what: "Do without Fast Open on such a path, at least for a time",
    tests: [
      "the wait doubles with every probe that fails, up to an hour",
      "connectTls: a blocked path is probed beside a plain attempt until it has healed",
      "SYNs with data dropped, strangers: what is told is what happened",
    ],
  },
  {
    rfc: 7413,
    section: "4.1.3.1",
    level: "SHOULD",
    what: "Tell paths apart by both addresses and ports",
    decision:
      "By the destination's address and the local network: what loses such SYNs is a box on the " +
      "way, which looks at packets and not at services, and a client's address changes within its " +
      "network. A port spared without need is probed again within an hour (tcp/paths/paths.ts).",
  },
  {
    rfc: 7413,
    section: "4.2",
    level: "MUST",
    what: "Leave a server's Fast Open off until the application turns it on",
    decision:
      "listenTls turns it on unless fastOpen is false, for it takes a ClientHello out of the SYN " +
      "and no more: early data are another option, off by default. A listener that the application " +
      "made itself is left alone until it calls enableFastOpen.",
  },
  {
    rfc: 7413,
    section: "4.2",
    level: "MUST",
    what: "Ignore cookies where a server's Fast Open is off",
    tests: ["a listener without Fast Open serves all the same, and says why"],
  },
  {
    rfc: 7413,
    section: "4.2",
    level: "MUST",
    what: "Do without Fast Open while too many such connections are pending",
    decision: "The kernel's; the limit is passed to it (256, or queueLength of enableFastOpen).",
  },
  {
    rfc: 7413,
    section: "4.2.1",
    level: "MUST",
    what: "Ask for a cookie first, by an empty option and without data",
    tests: [
      "connect over ipv4: the first SYN asks for a cookie, the second carries the flight",
      "connectTls over ipv6: the first SYN asks for a cookie, the second carries the flight",
      "darwin, connect: a cookie first, then the flight in the SYN; or neither",
      "freebsd, connectTls: a cookie first, then the flight in the SYN; or neither",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.1",
    level: "SHOULD",
    what: "Try again without the option when a SYN that asks gets no answer",
    tests: [
      "connectTls: SYNs with the mere option are lost",
      "SYNs with the option dropped, strangers: what is told is what happened",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.1",
    level: "SHOULD",
    what: "Remember who did not answer to that, and ask again only after some time",
    tests: ["connect: SYNs with the mere option are lost"],
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "MUST",
    what: "Send data in a SYN only with a cookie",
    tests: [
      "connect: a client that lost its cookies asks again",
      "connectTls: a client that lost its cookies asks again",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "SHOULD",
    what: "Send a SYN without data and option when one with them gets no answer",
    tests: [
      "connect over ipv4: SYNs with data are lost once, and then spared",
      "connectTls over ipv6: SYNs with data are lost once, and then spared",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "SHOULD",
    what: "Send again at once what the SYN-ACK does not acknowledge",
    tests: [
      "connect: data that the path strips from the SYN is sent again",
      "connectTls: data that the path strips from the SYN is sent again",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "SHOULD",
    what: "Take the cookie and the segment size of each SYN-ACK in place of the ones known",
    tests: [
      "connectTls: a server whose cookies have changed hands out another one",
      "a path with small segments gets a small SYN",
    ],
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "MUST",
    what: "Begin with the usual congestion window where a server answers before the last ACK",
    decision: "The kernel's.",
  },
  {
    rfc: 7413,
    section: "4.2.2",
    level: "SHOULD",
    what: "Send a SYN-ACK again without data and option",
    decision: "The kernel's.",
  },
  {
    rfc: 7413,
    section: "6.1",
    level: "MUST NOT",
    what: "Put data into a SYN that the server may not get twice",
    decision:
      "The application's, who alone passes data and earlyData (SECURITY.md, Data in a SYN).",
  },
  {
    rfc: 7413,
    section: "6.1",
    level: "MUST NOT",
    what: "Take data out of SYNs in a server that can't bear to get them twice",
    decision:
      "The application's (SECURITY.md, Data in a SYN). What listenTls takes is a ClientHello, and " +
      "early data where maxEarlyData allows: each ticket once.",
  },
  {
    rfc: 7413,
    section: "6.2",
    level: "SHOULD",
    what: "Use connections again rather than make many short ones",
    decision:
      "The application's; adapters/agent.ts is an https.Agent that keeps connections alive.",
  },
  {
    rfc: 7413,
    section: "8.5",
    level: "SHOULD",
    what: "Use the option's registered number, not the experimental one",
    decision: "The kernel's.",
  },

  // RFC 8305, Happy Eyeballs Version 2

  {
    rfc: 8305,
    section: "3",
    level: "SHOULD",
    what: "Ask for AAAA and A by two queries, AAAA first",
    decision:
      "The runtime's resolver asks, in one call of getaddrinfo: it knows what files, names of the " +
      "local network and policies a system has, which queries of our own would pass by.",
  },
  {
    rfc: 8305,
    section: "3",
    level: "SHOULD NOT",
    what: "Wait for both families of addresses before the first attempt",
    decision:
      "There is one answer, and it comes when getaddrinfo has both; see above. Where name servers " +
      "drop the queries for one family, that costs their time-out, as it does all who ask getaddrinfo.",
  },
  {
    rfc: 8305,
    section: "3",
    level: "SHOULD",
    what: "Give AAAA 50 ms when A comes first (Resolution Delay)",
    decision: "There is one answer with both, so none is waited for.",
  },
  {
    rfc: 8305,
    section: "3.1",
    level: "SHOULD",
    what: "Send queries to name servers over IPv6 first",
    decision: "The system's resolver's.",
  },
  {
    rfc: 8305,
    section: "4",
    level: "MUST",
    what: "Sort the addresses as RFC 6724 says",
    decision: "getaddrinfo does; its order is kept (order: verbatim, in tcp/dial/lookup.ts).",
  },
  {
    rfc: 8305,
    section: "4",
    level: "SHOULD",
    what: "Prefer addresses with short round trips, and those used before",
    decision:
      "The order stays the resolver's, so that it is the administrator's (gai.conf). Known round " +
      "trips decide how long each attempt may be silent instead.",
  },
  {
    rfc: 8305,
    section: "4",
    level: "MUST NOT",
    what: "Use what was learned on one network on another",
    tests: [
      "round trips are smoothed, per path",
      "a blocked path is avoided from one network, and used from another",
      "connect: a bound socket's SYN carries data, and its network has paths of its own",
      "connectTls: a bound socket's SYN carries data, and its network has paths of its own",
    ],
  },
  {
    rfc: 8305,
    section: "4",
    level: "SHOULD",
    what: "Flush it when the device changes networks",
    decision:
      "No runtime tells of that. It is kept per local /24 or /64, so another network finds nothing " +
      "unless its numbers are the same; pathMemory.clear() is for that (tcp/paths/paths.ts).",
  },
  {
    rfc: 8305,
    section: "4",
    level: "SHOULD",
    what: "Alternate the families, beginning with that of the first address",
    tests: ["addresses alternate by family, beginning with the resolver's first"],
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD NOT",
    what: "Start attempts at the same time",
    tests: [
      "a dead IPv4 comes first: the next one starts when it has been silent",
      "a dead IPv6 beside a live IPv4 comes first: the next one starts when it has been silent",
      "a healthy path sees one SYN per connection, however busy the client is",
    ],
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD",
    what: "Give an attempt 250 ms over a path of which nothing is known",
    tests: [
      "a dead IPv4 comes first: the next one starts when it has been silent",
      "a dead IPv6 beside a live IPv4 comes first: the next one starts when it has been silent",
    ],
  },
  {
    rfc: 8305,
    section: "5",
    level: "MUST NOT",
    what: "Start the next attempt within 10 ms because the last one is silent",
    tests: ["over a short path the next attempt waits 20 ms all the same"],
  },
  {
    rfc: 8305,
    section: "5",
    level: "MUST NOT",
    what: "Start the next attempt within 10 ms of the last one in any other case",
    decision:
      "Two cases are left: the last one has failed, so there is nothing to add to; and a probe, " +
      "which is one more SYN to the same address every ten seconds at most, beside the plain one " +
      "(ARCHITECTURE.md, The race).",
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD",
    what: "Wait 100 ms at least",
    decision:
      "20 ms at least, and two round trips where one is known: to wait for five or fifty of them would " +
      "cost those most who are near. An address gets two attempts at most, so they do not add up.",
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD",
    what: "Wait no longer than some bound, however slow the path",
    tests: ["over a long path the next attempt waits no longer than a second"],
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD",
    what: "Cancel the other attempts once one has succeeded, and leave the other addresses alone",
    tests: [
      "1,000 connections over a path that loses and flaps: each ends, and nothing is left",
      "a host that accepts and stays silent leaves the connection to the next",
      "a dead IPv4 comes first: the next one starts when it has been silent",
    ],
  },
  {
    rfc: 8305,
    section: "5",
    level: "SHOULD",
    what: "Let late answers of name servers reach the cache",
    decision: "The system's resolver's.",
  },
  {
    rfc: 8305,
    section: "6",
    level: "SHOULD NOT",
    what: "Cancel an attempt because its address has left the answer",
    decision: "There is one answer per connection, and it does not change.",
  },
  {
    rfc: 8305,
    section: "7",
    level: "SHOULD",
    what: "Reach IPv4 literals from networks with IPv6 alone (NAT64)",
    decision: "The system's: 464XLAT, or names instead of literals.",
  },

  // RFC 8446, TLS 1.3

  {
    rfc: 8446,
    section: "2.2",
    level: "SHOULD",
    what: "Offer a key share beside a session, so that the server may decline that",
    tests: ["a hello that resumes: with a key share, for that mode alone, the ticket last"],
  },
  {
    rfc: 8446,
    section: "4.1.2",
    level: "MUST",
    what: "Answer a HelloRetryRequest with the same hello, but for what it asks to change",
    decision: "OpenSSL's: the engine makes both hellos, and nobody reaches in between.",
  },
  {
    rfc: 8446,
    section: "4.1.2",
    level: "MUST NOT",
    what: "Let a renegotiation of TLS 1.2 lead to TLS 1.3",
    tests: ["a client that asks a listener for a renegotiation is refused, and that is told"],
  },
  {
    rfc: 8446,
    section: "4.1.2",
    level: "MUST",
    what: "Say TLS 1.2 where the version once stood, and no compression",
    tests: [
      "a full hello: the fields that earlier versions had say nothing new",
      "a single-share hello: the fields that earlier versions had say nothing new",
      "a lean hello: the fields that earlier versions had say nothing new",
    ],
  },
  {
    rfc: 8446,
    section: "4.1.2",
    level: "MUST",
    what: "Send a session's id in the disguise for middleboxes (D.4), and none without",
    tests: [
      "a full hello: the fields that earlier versions had say nothing new",
      "a lean hello: the fields that earlier versions had say nothing new",
    ],
  },
  {
    rfc: 8446,
    section: "4.1.4",
    level: "MUST",
    what: "Follow a HelloRetryRequest by a second hello",
    tests: [
      "a HelloRetryRequest is followed, and the next hello needs none",
      "a HelloRetryRequest is followed",
      "a server that asks for another key share rejects it and gets it again",
    ],
  },
  {
    rfc: 8446,
    section: "4.1.4",
    level: "MUST",
    what: "Abort on a HelloRetryRequest that changes nothing, or on a second one",
    decision: "OpenSSL's.",
  },
  {
    rfc: 8446,
    section: "4.2.1",
    level: "MUST",
    what: "List all versions that the client would speak, and no other",
    tests: [
      "a full hello offers TLS 1.3, and 1.2 where it may, and nothing before",
      "a lean hello offers TLS 1.3, and 1.2 where it may, and nothing before",
    ],
  },
  {
    rfc: 8446,
    section: "4.2.9",
    level: "MUST",
    what: "Say with a session how keys are to be exchanged",
    tests: ["a hello that resumes: with a key share, for that mode alone, the ticket last"],
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST",
    what: "Announce early data only together with the session that protects them",
    tests: [
      "early data leave with the session that protects them, or not at all",
      "a hello that resumes: with a key share, for that mode alone, the ticket last",
    ],
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST",
    what: "Encrypt them under the first session that is offered",
    tests: ["a hello that resumes: with a key share, for that mode alone, the ticket last"],
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST NOT",
    what: "Announce early data again in the answer to a HelloRetryRequest",
    tests: ["a server that asks for another key share rejects it and gets it again"],
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "SHOULD NOT",
    what: "Send rejected early data again by itself",
    decision:
      "It is what the option earlyData promises, so the application has asked for it: a client " +
      "that knows nothing of early data, as behind first-write, could not do it (README.md, Early data " +
      "can be replayed).",
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST NOT",
    what: "Send rejected early data again under another protocol (ALPN) than they were made for",
    tests: ["a server that now picks another protocol: early data are not sent again"],
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST",
    what: "Accept early data only where version, suite and protocol are those of the session",
    decision: "OpenSSL's, which keeps them in the session.",
  },
  {
    rfc: 8446,
    section: "4.2.10",
    level: "MUST",
    what: "Check the age of a ticket before its early data are accepted",
    decision: "OpenSSL's: 10 seconds of tolerance.",
  },
  {
    rfc: 8446,
    section: "4.2.11",
    level: "MUST",
    what: "Put the sessions last in the hello",
    tests: ["a hello that resumes: with a key share, for that mode alone, the ticket last"],
  },
  {
    rfc: 8446,
    section: "4.2.11",
    level: "SHOULD",
    what: "Keep the name that was sent with the session",
    tests: ["a session is kept under everything that it was agreed with"],
  },
  {
    rfc: 8446,
    section: "4.2.11",
    level: "SHOULD",
    what: "Make a full handshake where a server does not know the session",
    tests: [
      "connectTls: a session that the server has forgotten costs a full handshake and nothing else",
      "startTls: a session that the server has forgotten costs a full handshake and nothing else",
    ],
  },
  {
    rfc: 8446,
    section: "4.2.11.1",
    level: "MUST NOT",
    what: "Use a ticket for longer than the server has promised",
    tests: [
      "a server's promise of more than a week is one of a week to every store",
      "what a store gives that is no good session costs a full handshake, early data or not",
      "MemorySessionStore hands out the newest session of a key, once",
      "TLSv1.3: as long as promised, and not beyond the certificate's end",
      "a ticket that is promised no time at all is not kept",
      "no promise leaves it open in TLS 1.2, and means no time at all in TLS 1.3",
    ],
  },
  {
    rfc: 8446,
    section: "4.2.11.3",
    level: "MUST",
    what: "Answer a hello with early data without waiting for their end",
    tests: ["early data is answered before the client has finished its handshake"],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "MUST",
    what: "Resume only with a suite of the same hash",
    decision: "OpenSSL's, which keeps the suite in the session.",
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "MUST",
    what: "Resume only for a name that the certificate of the session was valid for",
    tests: ["a session is kept under everything that it was agreed with"],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "SHOULD",
    what: "Resume only for the name that the session was made for",
    tests: ["a session is kept under everything that it was agreed with"],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "MUST NOT",
    what: "Promise a ticket for more than seven days",
    tests: [
      "with 0 bytes of early data, a ticket is promised for less than a week",
      "with 16384 bytes of early data, a ticket is promised for less than a week",
    ],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "MUST NOT",
    what: "Keep a ticket for more than seven days, whatever the server has promised",
    tests: [
      "neither store hands out after a week what was to be kept for longer",
      "a server's promise of more than a week is one of a week to every store",
      "nothing is kept longer than a week, and nothing that has expired",
    ],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "SHOULD",
    what: "Limit how long tickets for tickets may go on, by the certificate",
    tests: ["TLSv1.3: a session does not outlive the certificate"],
  },
  {
    rfc: 8446,
    section: "4.6.1",
    level: "SHOULD",
    what: "Break off where more early data come than were allowed",
    decision: "OpenSSL's, which is told maxEarlyData.",
  },
  {
    rfc: 8446,
    section: "4.6.2",
    level: "MUST",
    what: "Answer a request for a certificate after the handshake, where that was offered",
    tests: ["TLSv1.3: with postHandshakeAuth the server gets the certificate when it asks"],
  },
  {
    rfc: 8446,
    section: "4.6.3",
    level: "MUST",
    what: "Answer a request to update the keys",
    tests: [
      "the server updates its keys and the data goes on",
      "a client that updates its keys is followed",
    ],
  },
  {
    rfc: 8446,
    section: "5.5",
    level: "SHOULD",
    what: "Update the keys before 24 million records were sent under them",
    open:
      "Not done: OpenSSL does it only when told, and nobody counts. It takes 390 GB in one direction of " +
      "one connection.",
  },
  {
    rfc: 8446,
    section: "6",
    level: "SHOULD",
    what: "Tell the application the end of the data when close_notify comes",
    tests: [
      "a goodbye by close_notify and nothing else ends the data without an error",
      "a peer that says goodbye has finished",
    ],
  },
  {
    rfc: 8446,
    section: "6",
    level: "SHOULD",
    what: "Tell the application of an error alert",
    tests: [
      "connectTls: a server that sends the alert handshake_failure fails with ALERT_RECEIVED",
      "startTls: a server that sends the alert internal_error fails with ALERT_RECEIVED",
      "TLSv1.3: a server refuses a client with no certificate by an alert",
    ],
  },
  {
    rfc: 8446,
    section: "6",
    level: "MUST NOT",
    what: "Send or take anything more after an error alert, and forget the keys",
    tests: [
      "connectTls: a server that sends the alert handshake_failure fails with ALERT_RECEIVED",
      "TLSv1.3: a server refuses a client with a certificate of a stranger by an alert",
    ],
  },
  {
    rfc: 8446,
    section: "6",
    level: "SHOULD",
    what: "Discard the tickets of a connection that has failed",
    decision:
      "They stay, as the server that sent them has not taken them back. One that minds them costs a " +
      "full handshake, and each is offered once.",
  },
  {
    rfc: 8446,
    section: "6",
    level: "MUST",
    what: "Treat an alert that nobody knows as an error",
    tests: [
      "connectTls: a server that sends an alert that nobody has heard of fails with ALERT_RECEIVED",
      "startTls: a server that sends an alert that nobody has heard of fails with ALERT_RECEIVED",
    ],
  },
  {
    rfc: 8446,
    section: "6",
    level: "MUST",
    what: 'The same where engine: "runtime" is Node\'s',
    open: "Not met: node:tls of Node waits on until connectTimeout.",
  },
  {
    rfc: 8446,
    section: "6.1",
    level: "MUST",
    what: "Ignore what comes after close_notify",
    tests: ["what comes after a goodbye by close_notify is not looked at"],
  },
  {
    rfc: 8446,
    section: "6.1",
    level: "MUST",
    what: "Say close_notify before the own side is closed",
    tests: [
      "TLSv1.3 to 127.0.0.1: both directions, both ends",
      "TLSv1.3: a server that wants a certificate gets one",
      "destroy closes, and the peer hears that",
    ],
  },
  {
    rfc: 8446,
    section: "6.1",
    level: "MUST",
    what: "Say it also to a peer that has closed its side without",
    open: "Not met: such a connection fails with TRUNCATED and is closed at once (tls/stream.ts).",
  },
  {
    rfc: 8446,
    section: "6.1",
    level: "MUST",
    what: "Say it also on connections that have lost the race",
    decision: "They have no keys yet: a ClientHello was sent, and nothing was answered.",
  },
  {
    rfc: 8446,
    section: "6.2",
    level: "MUST",
    what: "Close at once after a fatal error",
    tests: [
      "connectTls: a server that sends garbage that looks like a TLS record fails with PROTOCOL_ERROR",
      "startTls: a server that sends application data before the handshake fails with PROTOCOL_ERROR",
      "a client that sends a record of garbage is reported with PROTOCOL_ERROR and disturbs nobody",
    ],
  },
  {
    rfc: 8446,
    section: "6.2",
    level: "SHOULD",
    what: "Tell the peer by an alert what is wrong",
    tests: [
      "a server with an expired certificate fails with CERT_HAS_EXPIRED",
      "TLSv1.3: no common protocol ends in that alert",
    ],
  },
  {
    rfc: 8446,
    section: "6.2",
    level: "SHOULD",
    what: 'The same with engine: "runtime"',
    decision: "Node, Deno and Bun destroy the connection when they refuse a certificate; " +
      "fastOpenSupport().engines says so (tls/engine/features.ts).",
  },
  {
    rfc: 8446,
    section: "6.2",
    level: "SHOULD",
    what: "Make it possible to log alerts",
    tests: [
      "curl refuses what it does not trust, and the server hears why",
      "connectTls: a server that sends the alert protocol_version fails with ALERT_RECEIVED",
    ],
  },
  {
    rfc: 8446,
    section: "8",
    level: "MUST",
    what: "Accept the early data of a hello once per server",
    tests: [
      "early data is answered before the handshake is over, a replay of it is not",
      "one session handed out many times is refused with its early data, and nothing is lost",
    ],
  },
  {
    rfc: 8446,
    section: "8",
    level: "SHOULD",
    what: "Accept them once among all servers",
    tests: ["early data from a ticket of another server is not taken"],
  },
  {
    rfc: 8446,
    section: "8",
    level: "MUST",
    what: "Send early only what may be repeated",
    decision:
      "The application's: nothing is sent early unless it is passed as earlyData (SECURITY.md, What " +
      "may be replayed, and by whom).",
  },
  {
    rfc: 8446,
    section: "8",
    level: "MUST",
    what: "Bear it where a client sends again what it does not know to have arrived",
    decision: "The application's (SECURITY.md, What may be replayed, and by whom).",
  },
  {
    rfc: 8446,
    section: "8.2",
    level: "SHOULD",
    what: "Refuse early data from before the server was started",
    tests: ["early data from a ticket of another server is not taken"],
  },
  {
    rfc: 8446,
    section: "9.1",
    level: "MUST",
    what: "Know AES-128-GCM, and AES-256-GCM and ChaCha20 as well",
    tests: [
      "a server with only ChaCha20 or AES-128 gets its suite",
      "no hello offers a suite with a weak cipher, or without one",
    ],
  },
  {
    rfc: 8446,
    section: "9.1",
    level: "MUST",
    what: "Exchange keys by P-256, and by X25519 as well",
    tests: ["groups as a list: these and no others"],
  },
  {
    rfc: 8446,
    section: "9.2",
    level: "MUST",
    what: "Send the server's name",
    tests: [
      "the server sees the name, never an address",
      "the server hears names as A-labels, without their dot, and never an address",
    ],
  },
  {
    rfc: 8446,
    section: "C.2",
    level: "SHOULD",
    what: "Refuse keys that are too small",
    tests: ["a server with a key too weak to trust fails with EE_KEY_TOO_SMALL"],
  },
  {
    rfc: 8446,
    section: "C.4",
    level: "SHOULD NOT",
    what: "Use a ticket for more than one connection",
    tests: [
      "no ticket is seen twice on the way, from either store, with early data or without",
      "10,000 connections through a MemorySessionStore offer no ticket twice and keep few",
      "20 processes at once lose nothing, tear nothing, and take nothing twice",
    ],
  },
  {
    rfc: 8446,
    section: "C.4",
    level: "SHOULD NOT",
    what: "Offer a ticket by several attempts at one connection",
    decision:
      "Attempts that race carry the same hello, or another one with the same ticket: what links them " +
      "is that they race, to the same host and within a second. The losers are closed.",
  },
  {
    rfc: 8446,
    section: "C.4",
    level: "SHOULD NOT",
    what: "Use a ticket of TLS 1.2 again",
    decision:
      "It goes back into the store: its server need not send another, and then all but every second " +
      'connection would make a full handshake. minVersion: "TLSv1.3" keeps none of them.',
  },
  {
    rfc: 8446,
    section: "C.4",
    level: "SHOULD",
    what: "Send a new ticket on every connection",
    tests: [
      "1,000 connections through a FileSessionStore offer no ticket twice and keep few",
    ],
  },
  {
    rfc: 8446,
    section: "C.4",
    level: "SHOULD",
    what: "Send as many tickets as a client may want connections",
    decision:
      "OpenSSL's two after a full handshake, one after a resumption: with more connections at once, " +
      "some make a full handshake.",
  },
  {
    rfc: 8446,
    section: "C.5",
    level: "MUST NOT",
    what: "Connect without authentication unless that was asked for",
    tests: [
      "a server with a root nobody trusts fails with UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "a server with a root nobody trusts, and the name check disabled fails with UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
      "the environment can't switch the verification off",
    ],
  },
  {
    rfc: 8446,
    section: "D.1",
    level: "SHOULD NOT",
    what: "Send early data to a server that is not known to speak TLS 1.3",
    tests: ["a TLS 1.2 server gets it after the handshake"],
  },
  {
    rfc: 8446,
    section: "D.1",
    level: "SHOULD NOT",
    what: "Connect again in another way where a server minds the hello",
    decision:
      "What was special is left out: session, early data, leanness, a large key share. Versions and " +
      "groups offered stay those of a first connection, and TLS's own protection against downgrades " +
      "holds (tls/client/hello.ts, tls/client/retry.ts). Nothing is left out twice.",
  },
  {
    rfc: 8446,
    section: "D.3",
    level: "MUST",
    what: "Give up a connection with early data whose server answers with TLS 1.2",
    tests: [
      "a server that went back to TLS 1.2 gets it after the handshake, on a second connection",
    ],
  },
  {
    rfc: 8446,
    section: "D.3",
    level: "SHOULD NOT",
    what: "Leave out TLS 1.3 on the second connection",
    tests: [
      "any byte of a session with all bits wrong: early data arrive once",
      "any byte of a session with one bit wrong: early data arrive once",
    ],
  },
  {
    rfc: 8446,
    section: "D.4",
    level: "MUST",
    what: "Send change_cipher_spec to a client that wears the disguise for middleboxes",
    decision: "OpenSSL's, on by default.",
  },
  {
    rfc: 8446,
    section: "D.5",
    level: "MUST NOT",
    what: "Offer RC4",
    tests: ["no hello offers a suite with a weak cipher, or without one"],
  },
  {
    rfc: 8446,
    section: "D.5",
    level: "SHOULD",
    what: "Prefer suites with forward secrecy and authenticated encryption in TLS 1.2",
    tests: [
      "a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first",
      "a listener takes suites with forward secrecy and AEAD, by its own preference",
    ],
  },
  {
    rfc: 8446,
    section: "E.5",
    level: "MUST NOT",
    what: "Use early data in a protocol without rules for them",
    decision:
      "The application's; for HTTP there is RFC 8470 (README.md, Early data can be replayed).",
  },
  {
    rfc: 8446,
    section: "E.5",
    level: "MUST NOT",
    what: "Send or accept early data unless the application asks for it",
    tests: [
      "a resumed connection without early data says so",
      "a server that takes no early data offers none",
    ],
  },
  {
    rfc: 8446,
    section: "E.5",
    level: "MUST NOT",
    what: "Send rejected early data again unless the application has said so",
    decision: "By passing earlyData it has: what the option does is said where it is described " +
      "(tls/connect.ts), and conn.earlyData tells that it was done.",
  },
  {
    rfc: 8446,
    section: "E.5",
    level: "MUST",
    what: "Tell a server's application whether the handshake is complete",
    tests: [
      "early data is answered before the client has finished its handshake",
      "early data is answered before the handshake is over, a replay of it is not",
    ],
  },

  // RFC 8470, Using Early Data in HTTP

  {
    rfc: 8470,
    section: "3",
    level: "MUST",
    what: "Reject early data unless the application knows what to do with them",
    tests: ["a server that takes no early data offers none"],
  },
  {
    rfc: 8470,
    section: "3",
    level: "MUST",
    what: "Process all requests in early data that were accepted",
    tests: [
      "16385 bytes of early data arrive as they are",
      "100000 bytes of early data arrive as they are",
    ],
  },
  {
    rfc: 8470,
    section: "3",
    level: "SHOULD",
    what: "Let each resource say whether it may be asked for early",
    decision:
      "The HTTP application's: conn.handshake() has not resolved while a request may be a replay.",
  },
  {
    rfc: 8470,
    section: "4",
    level: "MUST NOT",
    what: "Send a request early whose method is not safe",
    tests: [
      "RFC 9110, 9.2.1: the methods that are safe ride, and no other",
      "RFC 8470, 4: a GET that says it is something else does not ride",
      "RFC 9110, 9.2.1: requests of safe methods ride, up to one of another",
      "5000 sequences of HTTP/1.1: one whole safe request rides, and nothing else",
      "5000 sequences of HTTP/2: what rides ends before the first unsafe frame",
    ],
  },
  {
    rfc: 8470,
    section: "4",
    level: "MUST",
    what: "Begin anew, as on a new connection, where early data were rejected",
    tests: [
      "a server with other ticket keys rejects it and gets it again, once",
      "a server that resumes but takes no early data gets it again, once",
      "a large flight that is rejected is sent again whole",
    ],
  },
  {
    rfc: 8470,
    section: "4",
    level: "MUST",
    what: "Begin in the protocol that was agreed on, even if it is another than the early one",
    tests: ["a server that now picks another protocol: early data are not sent again"],
  },
  {
    rfc: 8470,
    section: "4",
    level: "MUST",
    what: "Retry a request that is answered by 425 (Too Early)",
    tests: ["425: what was sent early is sent once more after a handshake"],
  },
  {
    rfc: 8470,
    section: "5.1",
    level: "MUST",
    what: "Forward a request that came early with the header Early-Data",
    decision: "A gateway's, which is an HTTP application.",
  },
  {
    rfc: 8470,
    section: "5.1",
    level: "MUST",
    what: "Answer a request with Early-Data that is not safe by 425",
    decision: "The HTTP application's.",
  },
  {
    rfc: 8470,
    section: "5.2",
    level: "MUST NOT",
    what: "Send a retry after 425 early",
    tests: ["425: what was sent early is sent once more after a handshake"],
  },
  {
    rfc: 8470,
    section: "6.2",
    level: "MUST NOT",
    what: "Act on early data that another server of the site would treat otherwise",
    decision: "The application's, who knows its servers; maxEarlyData is 0 by default.",
  },
  {
    rfc: 8470,
    section: "6.3",
    level: "SHOULD",
    what: "Reject early data as a whole under load",
    decision:
      "Not to be had: maxEarlyData holds for a listener's life. Under load an application can hold " +
      "back its answers until conn.handshake() resolves.",
  },

  // RFC 9325, Recommendations for Secure Use of TLS

  {
    rfc: 9325,
    section: "3.1.1",
    level: "MUST NOT",
    what: "Negotiate SSL, TLS 1.0 or TLS 1.1",
    tests: [
      "a server that knows TLS 1.0 and 1.1 alone refuses the version",
      "TLS 1.0 and 1.1 are refused",
      "a full hello offers TLS 1.3, and 1.2 where it may, and nothing before",
    ],
  },
  {
    rfc: 9325,
    section: "3.1.1",
    level: "MUST",
    what: "Speak TLS 1.2",
    tests: [
      "TLSv1.2 to 127.0.0.1: both sides tell the same",
      "TLSv1.2: it verifies the chain and the name",
    ],
  },
  {
    rfc: 9325,
    section: "3.1.1",
    level: "MUST",
    what: "Prefer TLS 1.3",
    tests: ["minVersion and maxVersion bound the protocol"],
  },
  {
    rfc: 9325,
    section: "3.1.3",
    level: "MUST NOT",
    what: "Fall back to a version before TLS 1.2",
    tests: ["a server that knows TLS 1.0 and 1.1 alone refuses the version"],
  },
  {
    rfc: 9325,
    section: "3.2",
    level: "MUST",
    what: "Let nobody go on in the clear where TLS was to start",
    tests: [
      "startTls: a server that goes on in the clear fails with NOT_TLS",
      "a handshake that fails uses the connection up, an option that is refused does not",
    ],
  },
  {
    rfc: 9325,
    section: "3.2",
    level: "MUST",
    what: "Heed and send Strict-Transport-Security",
    decision: "The HTTP application's.",
  },
  {
    rfc: 9325,
    section: "3.3",
    level: "SHOULD NOT",
    what: "Compress in TLS 1.2",
    tests: [
      "a full hello: the fields that earlier versions had say nothing new",
      "a single-share hello: the fields that earlier versions had say nothing new",
    ],
  },
  {
    rfc: 9325,
    section: "3.4",
    level: "MUST",
    what: "Encrypt and authenticate tickets with a strong cipher",
    decision:
      "OpenSSL's: AES-256 and HMAC-SHA256. A ticket of TLS 1.3 from a listener with maxEarlyData is a " +
      "number, and what it stands for stays in memory.",
  },
  {
    rfc: 9325,
    section: "3.4",
    level: "MUST",
    what: "Change the key of tickets regularly, and destroy the old one",
    open:
      "Not met: OpenSSL makes a key with each listener, and it lives as long. With maxEarlyData the tickets " +
      "of TLS 1.3 need none; all others do.",
  },
  {
    rfc: 9325,
    section: "3.4",
    level: "MUST",
    what: "Let tickets expire within reason",
    tests: [
      "with 0 bytes of early data, a ticket is promised for less than a week",
      "with 16384 bytes of early data, a ticket is promised for less than a week",
    ],
  },
  {
    rfc: 9325,
    section: "3.4",
    level: "SHOULD",
    what: "Leave a server no resumption without a key exchange",
    tests: ["a hello that resumes: with a key share, for that mode alone, the ticket last"],
  },
  {
    rfc: 9325,
    section: "3.4",
    level: "SHOULD",
    what: "Exchange keys in each resumption, as a server",
    decision: "OpenSSL's default: it takes no other unless it is told to.",
  },
  {
    rfc: 9325,
    section: "3.5",
    level: "SHOULD",
    what: "Judge all certificates of a connection alike",
    tests: ["a renegotiation in which the server becomes another fails with PROTOCOL_ERROR"],
  },
  {
    rfc: 9325,
    section: "3.5",
    level: "MUST",
    what: "Send renegotiation_info where TLS 1.2 is offered",
    tests: [
      "a full hello says what protects TLS 1.2, where it offers that",
      "a single-share hello says what protects TLS 1.2, where it offers that",
    ],
  },
  {
    rfc: 9325,
    section: "3.5",
    level: "MUST",
    what: "Refuse a server of TLS 1.2 that does not answer it",
    decision: "OpenSSL 3's default.",
  },
  {
    rfc: 9325,
    section: "3.5",
    level: "MUST",
    what: "Support extended_master_secret in TLS 1.2",
    tests: [
      "a full hello says what protects TLS 1.2, where it offers that",
      "a single-share hello says what protects TLS 1.2, where it offers that",
    ],
  },
  {
    rfc: 9325,
    section: "3.6",
    level: "SHOULD",
    what: "Do without authentication after the handshake in protocols that multiplex",
    decision:
      "Off by default. postHandshakeAuth turns it on, and is an error where alpnProtocols offers h2 " +
      "(tls/options.ts).",
  },
  {
    rfc: 9325,
    section: "3.7",
    level: "MUST",
    what: "Send the server's name",
    tests: ["the server sees the name, never an address"],
  },
  {
    rfc: 9325,
    section: "3.7",
    level: "SHOULD NOT",
    what: "Go on with a client that wants a name the server does not know",
    decision:
      "A listener has one certificate and shows it to all, as it is told no names. Whether it is the " +
      "right one the client verifies.",
  },
  {
    rfc: 9325,
    section: "3.7",
    level: "SHOULD",
    what: "Abort where the certificate is for another name than was sent",
    tests: [
      "a server with another name fails with HOSTNAME_MISMATCH",
      "the certificate must be for the name or the address",
    ],
  },
  {
    rfc: 9325,
    section: "3.8",
    level: "MUST",
    what: "Support ALPN on both sides",
    tests: [
      "TLSv1.3: each ALPN answer",
      "TLSv1.2: each ALPN answer",
      "TLSv1.3: the server's protocol order counts",
    ],
  },
  {
    rfc: 9325,
    section: "3.8",
    level: "MUST",
    what: "Refuse a client without a common protocol by no_application_protocol",
    tests: [
      "TLSv1.2: no common protocol ends in that alert",
      "TLSv1.3: no common protocol ends in that alert",
      "protocols that don't meet are an alert on the client's side",
    ],
  },
  {
    rfc: 9325,
    section: "3.8",
    level: "SHOULD",
    what: "Abort where a server picks a protocol that was not offered",
    decision: "OpenSSL's.",
  },
  {
    rfc: 9325,
    section: "3.10",
    level: "MUST",
    what: "Avoid early data in a protocol without rules for them",
    decision: "The application's; see RFC 8446, E.5.",
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "MUST NOT",
    what: "Negotiate suites without encryption, with RC4, or with less than 112 bits",
    tests: ["no hello offers a suite with a weak cipher, or without one"],
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "MUST NOT",
    what: "The same as a server",
    decision: "OpenSSL's security level 2, which no option here lowers.",
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "SHOULD NOT",
    what: "Negotiate suites of less than 128 bits",
    tests: ["no hello offers a suite with a weak cipher, or without one"],
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "SHOULD NOT",
    what: "Negotiate suites whose keys RSA transports",
    tests: [
      "a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first",
      "a listener takes suites with forward secrecy and AEAD, by its own preference",
    ],
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "SHOULD NOT",
    what: "Negotiate DHE in TLS 1.2",
    tests: [
      "a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first",
      "a listener takes suites with forward secrecy and AEAD, by its own preference",
    ],
  },
  {
    rfc: 9325,
    section: "4.1",
    level: "MUST",
    what: "Support and prefer suites with forward secrecy",
    tests: [
      "a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first",
      "a listener takes suites with forward secrecy and AEAD, by its own preference",
    ],
  },
  {
    rfc: 9325,
    section: "4.2",
    level: "SHOULD NOT",
    what: "Use CBC without encrypt_then_mac in TLS 1.2",
    decision:
      "A server takes none. A client offers it last, with forward secrecy alone: old servers that have " +
      "nothing better are many.",
  },
  {
    rfc: 9325,
    section: "4.2.1",
    level: "SHOULD",
    what: "Offer ECDHE with AES-128-GCM first in TLS 1.2",
    tests: ["a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first"],
  },
  {
    rfc: 9325,
    section: "4.2.1",
    level: "MUST",
    what: "Prefer ECDHE with AES-128-GCM to weaker suites as a server, wherever the client has it",
    tests: ["a listener takes suites with forward secrecy and AEAD, by its own preference"],
  },
  {
    rfc: 9325,
    section: "4.2.1",
    level: "SHOULD",
    what: "Support P-256 and X25519",
    tests: ["groups as a list: these and no others"],
  },
  {
    rfc: 9325,
    section: "4.4",
    level: "SHOULD",
    what: "Change the keys before a cipher's limit is reached",
    open: "Not done; see RFC 8446, 5.5.",
  },
  {
    rfc: 9325,
    section: "4.5",
    level: "MUST NOT",
    what: "Use curves of less than 224 bits",
    tests: [
      "a chain with an authority's elliptic curve of 192 bits fails with CA_KEY_TOO_SMALL",
    ],
  },
  {
    rfc: 9325,
    section: "4.5",
    level: "MUST",
    what: "Serve with RSA keys of 2,048 bits at least",
    tests: ["a listener with a key too weak to trust is refused"],
  },
  {
    rfc: 9325,
    section: "4.5",
    level: "MUST",
    what: "Ask servers for signatures with SHA-256",
    tests: [
      "a full hello says what protects TLS 1.2, where it offers that",
      "a lean hello says what protects TLS 1.2, where it offers that",
    ],
  },
  {
    rfc: 9325,
    section: "4.6",
    level: "MUST NOT",
    what: "Use truncated_hmac",
    tests: [
      "a full hello says what protects TLS 1.2, where it offers that",
      "a single-share hello says what protects TLS 1.2, where it offers that",
    ],
  },
  {
    rfc: 9325,
    section: "7.1",
    level: "SHOULD NOT",
    what: "Verify a name that was found in an insecure way",
    tests: [
      "the certificate must be for the name or the address",
      "the name is the one connected to, unless another is given",
    ],
  },
  {
    rfc: 9325,
    section: "7.4",
    level: "SHOULD NOT",
    what: "Use a key of finite-field Diffie-Hellman for more than one connection",
    decision:
      "OpenSSL's, which makes one per handshake. Attempts at one connection may share a hello, whose " +
      "shares are of other kinds, and one of them wins (tls/client/hello.ts).",
  },
  {
    rfc: 9325,
    section: "7.5",
    level: "MUST",
    what: "Have a strategy against certificates that were revoked",
    open:
      "None: no list is fetched and nobody is asked, as in Deno, Bun, Node and curl by default.",
  },
  {
    rfc: 9325,
    section: "7.5",
    level: "SHOULD",
    what: "Staple OCSP answers as a server",
    open: "Not done: listenTls has no option for one.",
  },
] as const satisfies readonly Requirement[];

/** The titles of all tests that show something. */
export const titlesNamed: readonly string[] = [
  ...new Set(
    (requirements as readonly Requirement[]).flatMap((row) => "tests" in row ? row.tests : []),
  ),
];
