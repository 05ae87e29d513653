// What a driver does beside running a statement and reading all its rows.  Each has a connection of its own.

import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";
import pg from "pg";
import { connect, failure, plain, run, shown } from "./values.js";

// Takes minutes on either engine.
const LONG = "SELECT count(*) FROM cpc a, inventor b WHERE a.cpc_code < b.name";

const MANY = "SELECT patent_id, cpc_code FROM cpc ORDER BY patent_id, cpc_code, sequence";

const later = (ms) => new Promise((done) => setTimeout(done, ms));

export const scenarios = {
  cursor,
  "cursor closed early": cursorClosedEarly,
  "cursor with an error": cursorWithError,
  "two cursors": twoCursors,
  "query stream": queryStream,
  "query stream destroyed": queryStreamDestroyed,
  "cancel by pg_cancel_backend": cancelByFunction,
  "end by pg_terminate_backend": endByFunction,
  "statement timeout": statementTimeout,
  "rows as arrays": rowsAsArrays,
  "several statements": severalStatements,
  "failed transaction": failedTransaction,
  "dates as parameters": datesAsParameters,
  "objects as parameters": objectsAsParameters,
  "types of every kind": typesOfEveryKind,
  notices,
  pool,
};

async function cursor(client) {
  await client.query("BEGIN");
  const cursor = client.query(new Cursor(MANY));
  const pieces = [];
  for (const size of [1, 7, 100]) {
    pieces.push((await cursor.read(size)).map(plain));
  }
  await cursor.close();
  await client.query("COMMIT");
  return [pieces, await alive(client)];
}

async function cursorClosedEarly(client) {
  const sql = "SELECT id, word FROM clients.kinds WHERE id >= $1 ORDER BY id";
  const cursor = client.query(new Cursor(sql, [2]));
  const first = (await cursor.read(2)).map(plain);
  await cursor.close();
  return [first, await alive(client)];
}

async function cursorWithError(client) {
  const cursor = client.query(new Cursor("SELECT nothing FROM patent"));
  try {
    return (await cursor.read(1)).map(plain);
  } catch (error) {
    return [failure(error), await alive(client)];
  }
}

/** To its end and past it, twice over one connection. */
async function twoCursors(client) {
  const pieces = [];
  for (let i = 0; i < 2; i++) {
    const cursor = client.query(new Cursor("SELECT * FROM clients.kinds ORDER BY id"));
    let rows;
    do {
      rows = await cursor.read(3);
      pieces.push(rows.map(plain));
    } while (rows.length > 0);
    await cursor.close();
  }
  return pieces;
}

async function queryStream(client) {
  const first = [];
  let count = 0;
  for await (const row of client.query(new QueryStream(MANY, [], { batchSize: 5000, highWaterMark: 5000 }))) {
    if (count++ < 50) {
      first.push(plain(row));
    }
  }
  return [first, count, await alive(client)];
}

async function queryStreamDestroyed(client) {
  const first = [];
  for await (const row of client.query(new QueryStream(MANY, [], { batchSize: 10 }))) {
    first.push(plain(row));
    if (first.length === 15) {
      break;
    }
  }
  return [first, await alive(client)];
}

async function cancelByFunction(client) {
  const other = await connect();
  const begun = Date.now();
  const { rows } = await client.query("SELECT pg_backend_pid() AS pid");
  const ended = run(client, { text: LONG });
  await later(1500);
  const sent = await run(other, { text: "SELECT pg_cancel_backend($1)", values: [rows[0].pid] });
  await other.end();
  return [await ended, sent, Date.now() - begun < 8000, rows[0].pid === client.processID, await alive(client)];
}

async function endByFunction() {
  const [victim, other] = [await connect(), await connect()];
  const lost = new Promise((done) => victim.once("error", done));
  const ended = run(victim, { text: LONG });
  await later(1000);
  const sent = await run(other, { text: `SELECT pg_terminate_backend(${victim.processID})` });
  const result = [await ended, sent, Boolean(await lost), await alive(other)];
  await other.end();
  return result;
}

async function statementTimeout() {
  const client = await connect({ statement_timeout: 3000 });
  const ended = await run(client, { text: LONG });
  await client.query("SET statement_timeout = 0");
  const result = [ended, await alive(client)];
  await client.end();
  return result;
}

async function rowsAsArrays(client) {
  const text = "SELECT id, id AS id, word FROM clients.kinds ORDER BY id";
  const { fields, rows } = await client.query({ text, rowMode: "array" });
  return [fields.map((field) => field.name), rows.map(plain)];
}

async function severalStatements(client) {
  const sql = "SELECT count(*) FROM patent; SET application_name = 'several'; SHOW application_name";
  const good = await run(client, { text: sql });
  const bad = await run(client, { text: "SELECT 1; SELECT nothing FROM patent; SELECT 2" });
  return [good, bad, await alive(client)];
}

async function failedTransaction(client) {
  const results = [];
  for (const text of ["BEGIN", "SELECT nothing FROM patent", "SELECT count(*) FROM patent", "ROLLBACK"]) {
    results.push(await run(client, { text }));
  }
  return [results, await alive(client)];
}

/** A Date goes as text in the client's own zone. */
async function datesAsParameters(client) {
  const values = [new Date("2024-02-29T12:34:56.789Z")];
  const results = [];
  for (const condition of ["instant > $1", "moment > $1", "day = $1", "instant - $1 < interval '1 second'"]) {
    results.push(await run(client, { text: `SELECT id FROM clients.kinds WHERE ${condition} ORDER BY id`, values }));
  }
  results.push(await run(client, { text: "SELECT $1::timestamptz AS instant, $1::date AS day FROM clients.kinds LIMIT 1", values }));
  return results;
}

async function objectsAsParameters(client) {
  const text = "SELECT $1::jsonb AS document, $2::text[] AS words, $3::numeric AS amount";
  return run(client, { text, values: [{ a: [1, null, "x"] }, ["a", null, 'b"c'], 12345678901234567890n] });
}

/** With the parsers that applications set. */
async function typesOfEveryKind() {
  const types = {
    getTypeParser: (oid, format) => (oid === 20 ? BigInt : oid === 1082 ? (text) => text : pg.types.getTypeParser(oid, format)),
  };
  const client = await connect({ types });
  const result = shown(await client.query("SELECT * FROM clients.kinds ORDER BY id"));
  await client.end();
  return result;
}

async function notices(client) {
  const seen = [];
  client.on("notice", (notice) => seen.push([notice.severity, notice.code, notice.message]));
  await client.query("COMMIT");
  return seen;
}

/** Ten statements over three connections. */
async function pool() {
  const clients = new pg.Pool({ max: 3 });
  const texts = Array.from({ length: 10 }, (_, i) => `SELECT id, word FROM clients.kinds WHERE id = ${i}`);
  const results = await Promise.all(texts.map((text) => run(clients, { text })));
  await clients.end();
  return results;
}

function alive(client) {
  return run(client, { text: "SELECT count(*) AS alive FROM clients.kinds" });
}
