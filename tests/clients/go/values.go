package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// argument is a value of the table of statements as the Go value that pgx's users pass.
func argument(kind string, value any) any {
	if element, isArray := strings.CutSuffix(kind, "[]"); isArray {
		return array(element, value)
	}
	if value == nil {
		return nil
	}
	text := value.(string)
	switch kind {
	case "bool":
		return text == "true"
	case "int2":
		return int16(integer(text, 16))
	case "int4":
		return int32(integer(text, 32))
	case "int8":
		return integer(text, 64)
	case "float4":
		return float32(must(strconv.ParseFloat(text, 32)))
	case "float8":
		return must(strconv.ParseFloat(text, 64))
	case "numeric":
		var numeric pgtype.Numeric
		if err := numeric.Scan(text); err != nil {
			log.Fatal(err)
		}
		return numeric
	case "text", "varchar":
		return text
	case "bytea":
		return must(hex.DecodeString(text))
	case "date":
		return pgtype.Date{Time: must(time.Parse("2006-01-02", text)), Valid: true}
	case "timestamp":
		return pgtype.Timestamp{Time: must(time.Parse("2006-01-02 15:04:05", text)), Valid: true}
	case "timestamptz":
		return must(time.Parse("2006-01-02 15:04:05Z07:00", text))
	}
	log.Fatalf("no type %s", kind)
	return nil
}

func array(element string, value any) any {
	if element == "int4" {
		if value == nil {
			return []*int32(nil)
		}
		items := []*int32{}
		for _, item := range value.([]any) {
			if item == nil {
				items = append(items, nil)
				continue
			}
			number := int32(integer(item.(string), 32))
			items = append(items, &number)
		}
		return items
	}
	if value == nil {
		return []*string(nil)
	}
	items := []*string{}
	for _, item := range value.([]any) {
		if item == nil {
			items = append(items, nil)
			continue
		}
		text := item.(string)
		items = append(items, &text)
	}
	return items
}

func integer(text string, bits int) int64 {
	return must(strconv.ParseInt(text, 10, bits))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

// query is all that a statement gives: its columns, each value with its Go type, and its tag; or its error.
func query(ctx context.Context, conn *pgx.Conn, sql string, arguments ...any) any {
	rows, err := conn.Query(ctx, sql, arguments...)
	if err != nil {
		return failure(err)
	}
	return result(conn, rows)
}

func result(conn *pgx.Conn, rows pgx.Rows) any {
	defer rows.Close()
	all := [][]any{}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return failure(err)
		}
		row := make([]any, len(values))
		for i, value := range values {
			row[i] = plain(value)
		}
		all = append(all, row)
	}
	if rows.Err() != nil {
		return failure(rows.Err())
	}
	columns := []any{}
	for _, field := range rows.FieldDescriptions() {
		name := fmt.Sprint(field.DataTypeOID)
		if known, ok := conn.TypeMap().TypeForOID(field.DataTypeOID); ok {
			name = known.Name
		}
		columns = append(columns, []any{field.Name, name, field.TypeModifier, field.DataTypeSize, field.Format})
	}
	return map[string]any{"columns": columns, "rows": all, "tag": rows.CommandTag().String()}
}

// plain is a value with its Go type, in a form that JSON holds.
func plain(value any) any {
	if value == nil {
		return nil
	}
	text := fmt.Sprintf("%+v", value)
	switch value := value.(type) {
	case time.Time:
		text = value.UTC().Format(time.RFC3339Nano)
	case []byte:
		text = hex.EncodeToString(value)
	case pgtype.Numeric:
		text = fmt.Sprintf("%v", must(value.Value()))
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = plain(item)
		}
		return items
	}
	return []any{fmt.Sprintf("%T", value), text}
}

// failure is the server's error, or the driver's own words.
func failure(err error) any {
	fields := map[string]any{"message": fmt.Sprint(err)}
	var server *pgconn.PgError
	if errors.As(err, &server) {
		fields = map[string]any{
			"severity": server.Severity, "sqlstate": server.Code, "message": server.Message, "position": server.Position,
		}
	}
	return map[string]any{"error": fields}
}
