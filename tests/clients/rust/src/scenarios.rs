//! What a driver does beside running a statement and reading all its rows.  Each has a connection of its own.

use crate::values::{columns, executed, failure, plain, query, simple};
use futures_util::{future, StreamExt, TryStreamExt};
use serde_json::{json, Value};
use std::time::{Duration, Instant};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, IsolationLevel, NoTls};

/// Takes minutes on either engine.
const LONG: &str = "SELECT count(*) FROM cpc a, inventor b WHERE a.cpc_code < b.name";

const MANY: &str = "SELECT patent_id, cpc_code FROM cpc ORDER BY patent_id, cpc_code, sequence";

pub const NAMES: &[&str] = &[
    "stream",
    "dropped stream",
    "pipelined",
    "pipelined with an error",
    "cancel",
    "copy as text",
    "copy as binary",
    "copy in",
    "portal",
    "prepared types",
    "batch execute",
    "read only transaction",
    "failed transaction",
    "savepoint",
];

pub async fn run(name: &str, client: &Client) -> Value {
    match name {
        "stream" => stream(client).await,
        "dropped stream" => dropped_stream(client).await,
        "pipelined" => pipelined(client, "SELECT count(*) FROM patent").await,
        "pipelined with an error" => pipelined(client, "SELECT nothing FROM patent").await,
        "cancel" => cancel(client).await,
        "copy as text" => copy_out(client, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT").await,
        "copy as binary" => {
            copy_out(client, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT (FORMAT binary)").await
        }
        "copy in" => match client.copy_in::<_, bytes::Bytes>("COPY patent FROM STDIN").await {
            Ok(_) => json!("copying"),
            // tokio-postgres loses its place here, on PostgreSQL too.
            Err(error) => failure(&error),
        },
        "portal" => portal(client).await.unwrap_or_else(|error| failure(&error)),
        "prepared types" => prepared_types(client).await,
        "batch execute" => batch_execute(client).await,
        "read only transaction" => read_only(client).await.unwrap_or_else(|error| failure(&error)),
        "failed transaction" => failed_transaction(client).await,
        "savepoint" => savepoint(client).await,
        _ => panic!("no scenario {name}"),
    }
}

/// The first rows of many as they come, and how many there are.
async fn stream(client: &Client) -> Value {
    let parameters: [&str; 0] = [];
    let rows = match client.query_raw(MANY, parameters).await {
        Ok(rows) => rows,
        Err(error) => return failure(&error),
    };
    let counted = rows.try_fold((vec![], 0), |(mut first, count), row| {
        if count < 100 {
            first.push(plain(&row));
        }
        future::ok((first, count + 1))
    });
    match counted.await {
        Ok((first, count)) => json!([first, count]),
        Err(error) => failure(&error),
    }
}

async fn dropped_stream(client: &Client) -> Value {
    let parameters: [&str; 0] = [];
    let rows = client.query_raw(MANY, parameters).await.expect("rows");
    let first: Vec<_> = rows.take(3).map_ok(|row| plain(&row)).try_collect().await.expect("three rows");
    json!([first, alive(client).await])
}

/// Five statements at once over one connection, the third of them `middle`.
async fn pipelined(client: &Client, middle: &str) -> Value {
    let all = future::join_all([
        query(client, "SELECT count(*) FROM cpc", &[]),
        query(client, "SELECT id, word FROM clients.kinds WHERE id = $1", &[&1i32]),
        query(client, middle, &[]),
        query(client, "SELECT relname FROM pg_class WHERE relname = $1", &[&"patent"]),
        query(client, "SELECT id, word FROM clients.kinds WHERE id = $1", &[&3i32]),
    ]);
    json!(all.await)
}

async fn cancel(client: &Client) -> Value {
    let token = client.cancel_token();
    let begun = Instant::now();
    let cancelling = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        token.cancel_query(NoTls).await.is_ok()
    };
    let (ended, sent) = future::join(query(client, LONG, &[]), cancelling).await;
    json!([ended, sent, begun.elapsed() < Duration::from_secs(8), alive(client).await])
}

async fn copy_out(client: &Client, sql: &str) -> Value {
    let copied = match client.copy_out(sql).await {
        Ok(stream) => stream.try_fold(vec![], |mut all, part| {
            all.extend_from_slice(&part);
            future::ok(all)
        }),
        Err(error) => return failure(&error),
    };
    match copied.await {
        Ok(bytes) => json!([String::from_utf8_lossy(&bytes), bytes.len(), alive(client).await]),
        Err(error) => failure(&error),
    }
}

/// tokio-postgres binds portals only through a Transaction, which needs the client for itself.
async fn portal(_: &Client) -> Result<Value, tokio_postgres::Error> {
    let mut client = crate::connect().await;
    let transaction = client.transaction().await?;
    let portal = transaction.bind(MANY, &[]).await?;
    let mut pieces = vec![];
    for size in [1, 7, 0] {
        let rows = transaction.query_portal(&portal, size).await?;
        pieces.push(json!([rows.len(), rows.iter().take(10).map(plain).collect::<Vec<_>>()]));
    }
    transaction.commit().await?;
    Ok(json!([pieces, alive(&client).await]))
}

/// What the server makes of parameters whose types are open.
async fn prepared_types(client: &Client) -> Value {
    let mut all = vec![];
    for sql in [
        "SELECT id FROM clients.kinds WHERE number = $1 AND word LIKE $2 AND day < $3 AND instant > $4 AND amount = $5",
        "SELECT id FROM clients.kinds WHERE number = ANY($1) OR bytes = $2 OR flag = $3 LIMIT $4",
        "SELECT $1 || word, number + $2, coalesce(big, $3) FROM clients.kinds",
        "SELECT $1",
        "SELECT oid FROM pg_class WHERE relname = $1 AND relkind = $2",
    ] {
        match client.prepare(sql).await {
            Ok(statement) => {
                let names: Vec<_> = statement.params().iter().map(Type::name).collect();
                all.push(json!([names, columns(statement.columns())]));
            }
            Err(error) => all.push(failure(&error)),
        }
    }
    let statement = client.prepare_typed("SELECT id FROM clients.kinds WHERE id = $1", &[Type::INT8]).await;
    match statement {
        Ok(statement) => all.push(executed(client, &statement, &[&3i64]).await),
        Err(error) => all.push(failure(&error)),
    }
    json!(all)
}

async fn batch_execute(client: &Client) -> Value {
    let sql = "SET application_name = 'several'; SELECT count(*) FROM patent; SHOW application_name";
    let good = simple(client, sql).await;
    let bad = simple(client, "SELECT 1; SELECT nothing FROM patent; SELECT 2").await;
    json!([good, bad, alive(client).await])
}

async fn read_only(_: &Client) -> Result<Value, tokio_postgres::Error> {
    let mut client = crate::connect().await;
    let builder = client.build_transaction().isolation_level(IsolationLevel::Serializable);
    let transaction = builder.read_only(true).deferrable(true).start().await?;
    let level = transaction.query_one("SHOW transaction_isolation", &[]).await?;
    let count = transaction.query_one("SELECT count(*) FROM patent", &[]).await?;
    transaction.commit().await?;
    Ok(json!([plain(&level), plain(&count), simple(&client, "SHOW transaction_isolation").await]))
}

async fn failed_transaction(client: &Client) -> Value {
    let mut all = vec![];
    for sql in ["BEGIN", "SELECT nothing FROM patent", "SELECT count(*) FROM patent", "COMMIT"] {
        all.push(simple(client, sql).await);
    }
    json!([all, alive(client).await])
}

async fn savepoint(client: &Client) -> Value {
    let mut all = vec![];
    for sql in [
        "BEGIN",
        "SAVEPOINT here",
        "SET LOCAL application_name = 'inside'",
        "SELECT nothing FROM patent",
        "ROLLBACK TO here",
        "SHOW application_name",
        "SELECT count(*) FROM patent",
        "COMMIT",
    ] {
        all.push(simple(client, sql).await);
    }
    json!(all)
}

async fn alive(client: &Client) -> Value {
    simple(client, "SELECT count(*) AS alive FROM clients.kinds").await
}
