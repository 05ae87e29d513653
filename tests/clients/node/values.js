// Values in and out: JSON to what pg's users pass, and results to JSON with the class that each was read as.

import pg from "pg";

export async function connect(settings = {}) {
  const client = new pg.Client(settings);
  await client.connect();
  return client;
}

/** A value of the table of statements as the JavaScript value that pg's users pass. */
export function parameter(type, value) {
  if (value === null) {
    return null;
  }
  switch (type) {
    case "bool":
      return value === "true";
    case "int2":
    case "int4":
      return Number(value);
    case "int4[]":
      return value.map((item) => (item === null ? null : Number(item)));
    case "float4":
    case "float8":
      return Number(value);
    case "bytea":
      return Buffer.from(value, "hex");
    default:
      return value;
  }
}

/** All that a statement gives, or its error. */
export async function run(client, query) {
  try {
    return shown(await client.query(query));
  } catch (error) {
    return failure(error);
  }
}

export function shown(result) {
  if (Array.isArray(result)) {
    return result.map(shown);
  }
  const columns = result.fields.map((f) => [
    f.name, f.dataTypeID, f.dataTypeSize, f.dataTypeModifier, f.format, f.tableID !== 0, f.columnID,
  ]);
  const rows = result.rows.map((row) => plain(row));
  return { columns, rows, tag: result.command, count: result.rowCount };
}

/** A value with its class, in a form that JSON holds; a row's values by their columns' names. */
export function plain(value) {
  if (value === null || value === undefined) {
    return null;
  }
  if (Buffer.isBuffer(value)) {
    return ["Buffer", value.toString("hex")];
  }
  if (value instanceof Date) {
    return ["Date", Number.isNaN(value.getTime()) ? "invalid" : value.toISOString()];
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, member]) => [name, plain(member)]);
    return [value.constructor.name, members];
  }
  return [typeof value, Object.is(value, -0) ? "-0" : String(value)];
}

/** The server's error, or the driver's own words. */
export function failure(error) {
  const { code = null, message, severity = null, position = null } = error;
  return { error: { sqlstate: code, message, severity, position } };
}
