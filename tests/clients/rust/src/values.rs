//! Values in and out: JSON to typed parameters, and binary results to JSON with the type that each was read as.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};
use futures_util::TryStreamExt;
use postgres_types::{FromSql, IsNull, ToSql, Type};
use rust_decimal::Decimal;
use serde_json::{json, Value};
use std::error::Error;
use std::fmt::Debug;
use tokio_postgres::{Client, Column, Row, SimpleQueryMessage, Statement};

pub type Parameter = Box<dyn ToSql + Sync>;

pub fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("an array").iter().map(|item| item.as_str().expect("a string")).collect()
}

/// A type of the table of statements.
pub fn kind(name: &str) -> Type {
    match name {
        "bool" => Type::BOOL,
        "int2" => Type::INT2,
        "int4" => Type::INT4,
        "int8" => Type::INT8,
        "float4" => Type::FLOAT4,
        "float8" => Type::FLOAT8,
        "numeric" => Type::NUMERIC,
        "text" => Type::TEXT,
        "varchar" => Type::VARCHAR,
        "bytea" => Type::BYTEA,
        "date" => Type::DATE,
        "timestamp" => Type::TIMESTAMP,
        "timestamptz" => Type::TIMESTAMPTZ,
        "int4[]" => Type::INT4_ARRAY,
        "text[]" => Type::TEXT_ARRAY,
        _ => panic!("no type {name}"),
    }
}

/// A value of the table of statements as the Rust value that tokio-postgres's users pass.
pub fn parameter(kind: &Type, value: &Value) -> Parameter {
    let text = value.as_str();
    let items = value.as_array();
    match *kind {
        Type::BOOL => parsed::<bool>(text),
        Type::INT2 => parsed::<i16>(text),
        Type::INT4 => parsed::<i32>(text),
        Type::INT8 => parsed::<i64>(text),
        Type::FLOAT4 => parsed::<f32>(text),
        Type::FLOAT8 => parsed::<f64>(text),
        Type::NUMERIC => Box::new(text.map(|text| Numeric(text.to_string()))),
        Type::BYTEA => Box::new(text.map(unhex)),
        Type::DATE => parsed::<NaiveDate>(text),
        Type::TIMESTAMP => {
            Box::new(text.map(|t| NaiveDateTime::parse_from_str(t, "%Y-%m-%d %H:%M:%S%.f").expect("a timestamp")))
        }
        Type::TIMESTAMPTZ => Box::new(
            text.map(|t| DateTime::<FixedOffset>::parse_from_str(t, "%Y-%m-%d %H:%M:%S%.f%:z").expect("an instant")),
        ),
        Type::INT4_ARRAY => Box::new(items.map(|items| {
            let number = |item: &Value| item.as_str().map(|text| text.parse::<i32>().expect("an integer"));
            items.iter().map(number).collect::<Vec<_>>()
        })),
        Type::TEXT_ARRAY => {
            Box::new(items.map(|items| items.iter().map(|item| item.as_str().map(str::to_string)).collect::<Vec<_>>()))
        }
        _ => Box::new(text.map(str::to_string)),
    }
}

fn parsed<T: std::str::FromStr + ToSql + Sync + 'static>(text: Option<&str>) -> Parameter
where
    T::Err: Debug,
{
    Box::new(text.map(|text| text.parse::<T>().expect("a value of its type")))
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// A numeric of any length: rust_decimal has 28 digits, and the table of statements has more.
#[derive(Debug)]
struct Numeric(String);

impl ToSql for Numeric {
    fn to_sql(&self, kind: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if let Ok(decimal) = self.0.parse::<Decimal>() {
            if decimal.to_string() == self.0 {
                return decimal.to_sql(kind, out);
            }
        }
        let digits = self.0.trim_start_matches('-');
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = format!("{}{whole}", "0".repeat((4 - whole.len() % 4) % 4));
        let padded = format!("{fraction}{}", "0".repeat((4 - fraction.len() % 4) % 4));
        let groups = format!("{whole}{padded}");
        let groups: Vec<i16> = (0..groups.len()).step_by(4).map(|at| groups[at..at + 4].parse().unwrap()).collect();
        let sign: u16 = if self.0.starts_with('-') { 0x4000 } else { 0 };
        out.extend_from_slice(&(groups.len() as i16).to_be_bytes());
        out.extend_from_slice(&((whole.len() / 4) as i16 - 1).to_be_bytes());
        out.extend_from_slice(&sign.to_be_bytes());
        out.extend_from_slice(&(fraction.len() as i16).to_be_bytes());
        groups.iter().for_each(|group| out.extend_from_slice(&group.to_be_bytes()));
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::NUMERIC
    }

    postgres_types::to_sql_checked!();
}

/// All that a statement gives, prepared and in binary.
pub async fn query(client: &Client, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Value {
    match client.prepare(sql).await {
        Ok(statement) => json!([columns(statement.columns()), executed(client, &statement, parameters).await]),
        Err(error) => failure(&error),
    }
}

pub async fn executed(client: &Client, statement: &Statement, parameters: &[&(dyn ToSql + Sync)]) -> Value {
    let stream = match client.query_raw(statement, parameters.iter().copied()).await {
        Ok(stream) => stream,
        Err(error) => return failure(&error),
    };
    match stream.map_ok(|row| plain(&row)).try_collect::<Vec<_>>().await {
        Ok(rows) => json!(rows),
        Err(error) => failure(&error),
    }
}

/// All that a simple query gives: tags, column names and text.
pub async fn simple(client: &Client, sql: &str) -> Value {
    let messages = match client.simple_query(sql).await {
        Ok(messages) => messages,
        Err(error) => return failure(&error),
    };
    let shown = |message| match message {
        SimpleQueryMessage::RowDescription(columns) => {
            json!(columns.iter().map(|column| column.name()).collect::<Vec<_>>())
        }
        SimpleQueryMessage::Row(row) => json!((0..row.len()).map(|at| row.get(at)).collect::<Vec<_>>()),
        SimpleQueryMessage::CommandComplete(rows) => json!(rows),
        _ => json!("something new"),
    };
    messages.into_iter().map(shown).collect()
}

pub fn columns(columns: &[Column]) -> Value {
    let shown = |column: &Column| {
        let from_table = column.table_oid().is_some();
        json!([column.name(), column.type_().name(), column.type_modifier(), from_table, column.column_id()])
    };
    columns.iter().map(shown).collect()
}

pub fn plain(row: &Row) -> Value {
    (0..row.len()).map(|at| value(row, at)).collect()
}

fn value(row: &Row, at: usize) -> Value {
    match *row.columns()[at].type_() {
        Type::BOOL => read::<bool>(row, at),
        Type::INT2 => read::<i16>(row, at),
        Type::INT4 => read::<i32>(row, at),
        Type::INT8 => read::<i64>(row, at),
        Type::FLOAT4 => read::<f32>(row, at),
        Type::FLOAT8 => read::<f64>(row, at),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => read::<String>(row, at),
        Type::BYTEA => read::<Vec<u8>>(row, at),
        Type::DATE => read::<NaiveDate>(row, at),
        Type::TIMESTAMP => read::<NaiveDateTime>(row, at),
        Type::TIMESTAMPTZ => read::<DateTime<Utc>>(row, at),
        Type::JSONB => read::<Value>(row, at),
        Type::INT4_ARRAY => read::<Vec<Option<i32>>>(row, at),
        Type::TEXT_ARRAY => read::<Vec<Option<String>>>(row, at),
        Type::DATE_ARRAY => read::<Vec<Option<NaiveDate>>>(row, at),
        // Bytes as they came: rust_decimal has too few digits, chrono no interval.
        _ => read::<Raw>(row, at),
    }
}

fn read<'row, T: FromSql<'row> + Debug>(row: &'row Row, at: usize) -> Value {
    match row.try_get::<_, Option<T>>(at) {
        Ok(Some(value)) => json!([std::any::type_name::<T>(), format!("{value:?}")]),
        Ok(None) => Value::Null,
        Err(error) => failure(&error),
    }
}

#[derive(Debug)]
struct Raw(#[allow(dead_code, reason = "printed")] Vec<u8>);

impl FromSql<'_> for Raw {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Raw(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The server's error, or the driver's own words.
pub fn failure(error: &tokio_postgres::Error) -> Value {
    let Some(server) = error.as_db_error() else {
        return json!({"error": {"message": error.to_string()}});
    };
    json!({"error": {
        "sqlstate": server.code().code(),
        "message": server.message(),
        "severity": server.severity(),
        "position": server.position().map(|position| format!("{position:?}")),
    }})
}
