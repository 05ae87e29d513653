// What a Node program sees through pg, one JSON line for each thing tried: {"name": ..., "result": ...}.
//
// Reads {"queries": {name: sql}, "statements": {name: {sql, types, rows}}} from standard input and connects to where
// libpq's variables say.  pg sends parameters as text of no said type, and reads results as text unless told otherwise.

import { readFileSync } from "node:fs";
import { connect, parameter, run } from "./values.js";
import { scenarios } from "./scenarios.js";

const job = JSON.parse(readFileSync(0, "utf8"));

// Few programs ask pg for binary.  Not "every kind": pg-types takes 15 s to read an empty array in binary.
const binary = ["nulls and booleans", "bigints", "dates", "null of every kind", "no row", "the catalogue"];

function report(name, result) {
  console.log(JSON.stringify({ name, result }));
}

const client = await connect();
const prepared = await connect();
for (const [name, sql] of Object.entries(job.queries)) {
  report(`simple: ${name}`, await run(client, { text: sql }));
  if (binary.includes(name)) {
    report(`binary: ${name}`, await run(prepared, { name, text: sql, binary: true }));
  }
}
for (const [name, statement] of Object.entries(job.statements)) {
  const results = [];
  for (const row of statement.rows) {
    const values = row.map((value, i) => parameter(statement.types[i], value));
    results.push(await run(client, { text: statement.sql, values }));
  }
  const first = statement.rows[0].map((value, i) => parameter(statement.types[i], value));
  results.push(await run(prepared, { name: `with ${name}`, text: statement.sql, values: first }));
  report(`parameters: ${name}`, results);
}
await client.end();
await prepared.end();
for (const [name, scenario] of Object.entries(scenarios)) {
  const client = await connect();
  report(name, await scenario(client));
  await client.end();
}
