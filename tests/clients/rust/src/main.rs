//! What a Rust program sees through tokio-postgres, one JSON line for each thing tried: {"name": ..., "result": ...}.
//!
//! Reads {"queries": {name: sql}, "statements": {name: {sql, types, rows}}} from standard input and connects to where
//! PGHOST, PGPORT, PGUSER and PGDATABASE say.  tokio-postgres sends parameters and reads results in binary only.

mod scenarios;
mod values;

use serde_json::{json, Value};
use std::env::var;
use tokio_postgres::{Client, Config, NoTls};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let job: Value = serde_json::from_reader(std::io::stdin()).expect("a job");
    let client = connect().await;
    for (name, sql) in job["queries"].as_object().expect("queries") {
        let sql = sql.as_str().expect("SQL");
        report(&format!("query: {name}"), values::query(&client, sql, &[]).await);
        if name == "every kind" || name == "the catalogue" {
            report(&format!("simple: {name}"), values::simple(&client, sql).await);
        }
    }
    for (name, statement) in job["statements"].as_object().expect("statements") {
        report(&format!("parameters: {name}"), every_row(&client, statement).await);
    }
    for name in scenarios::NAMES {
        let client = connect().await;
        report(name, scenarios::run(name, &client).await);
    }
}

/// One prepared statement with its types said, executed with each row of values.
async fn every_row(client: &Client, statement: &Value) -> Value {
    let types: Vec<_> = values::strings(&statement["types"]).into_iter().map(values::kind).collect();
    let sql = statement["sql"].as_str().expect("SQL");
    let rows = statement["rows"].as_array().expect("rows");
    let prepared = match client.prepare_typed(sql, &types).await {
        Ok(prepared) => prepared,
        // Whether a write is refused now or when it runs is the server's affair.
        Err(error) => return json!([[], vec![values::failure(&error); rows.len()]]),
    };
    let mut results = vec![];
    for row in rows {
        let row = row.as_array().expect("a row");
        let owned: Vec<_> = types.iter().zip(row).map(|(kind, value)| values::parameter(kind, value)).collect();
        let borrowed: Vec<_> = owned.iter().map(|value| value.as_ref()).collect();
        results.push(values::executed(client, &prepared, &borrowed).await);
    }
    json!([values::columns(prepared.columns()), results])
}

pub async fn connect() -> Client {
    let setting = |name| var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let mut config = Config::new();
    config.host(setting("PGHOST")).port(setting("PGPORT").parse().expect("a port"));
    config.user(setting("PGUSER")).dbname(setting("PGDATABASE"));
    let (client, connection) = config.connect(NoTls).await.expect("a connection");
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("the connection failed: {error}");
        }
    });
    client
}

fn report(name: &str, result: Value) {
    println!("{}", json!({"name": name, "result": result}));
}
