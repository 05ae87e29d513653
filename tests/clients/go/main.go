// What a Go program sees through pgx, one JSON line for each thing tried: {"name": ..., "result": ...}.
//
// Reads {"queries": {name: sql}, "statements": {name: {sql, types, rows}}} from standard input and connects to where
// libpq's variables say.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"sort"

	"github.com/jackc/pgx/v5"
)

type statement struct {
	SQL   string   `json:"sql"`
	Types []string `json:"types"`
	Rows  [][]any  `json:"rows"`
}

type job struct {
	Queries    map[string]string    `json:"queries"`
	Statements map[string]statement `json:"statements"`
}

type scenario struct {
	name string
	run  func(context.Context, *pgx.Conn) any
}

var modes = []struct {
	name string
	mode pgx.QueryExecMode
}{
	{"cache statement", pgx.QueryExecModeCacheStatement},
	{"describe exec", pgx.QueryExecModeDescribeExec},
	{"exec", pgx.QueryExecModeExec},
	{"simple", pgx.QueryExecModeSimpleProtocol},
}

func main() {
	var todo job
	if err := json.NewDecoder(os.Stdin).Decode(&todo); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	conn := connect(ctx, pgx.QueryExecModeCacheStatement)
	for _, name := range sorted(todo.Queries) {
		report("query: "+name, query(ctx, conn, todo.Queries[name]))
	}
	conn.Close(ctx)
	for i, mode := range modes {
		conn := connect(ctx, mode.mode)
		for _, name := range sorted(todo.Statements) {
			report(mode.name+": "+name, everyRow(ctx, conn, todo.Statements[name], i == 0))
		}
		conn.Close(ctx)
	}
	for _, scenario := range scenarios {
		conn := connect(ctx, pgx.QueryExecModeCacheStatement)
		report(scenario.name, scenario.run(ctx, conn))
		conn.Close(ctx)
	}
}

func connect(ctx context.Context, mode pgx.QueryExecMode) *pgx.Conn {
	config, err := pgx.ParseConfig("")
	if err != nil {
		log.Fatal(err)
	}
	config.DefaultQueryExecMode = mode
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

// everyRow runs one statement with each row of values, or with the first.
func everyRow(ctx context.Context, conn *pgx.Conn, statement statement, all bool) any {
	results := []any{}
	for i, row := range statement.Rows {
		if i > 0 && !all {
			break
		}
		values := make([]any, len(row))
		for i, value := range row {
			values[i] = argument(statement.Types[i], value)
		}
		results = append(results, query(ctx, conn, statement.SQL, values...))
	}
	return results
}

func report(name string, result any) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"name": name, "result": result}); err != nil {
		log.Fatal(err)
	}
}

func sorted[V any](named map[string]V) []string {
	names := make([]string, 0, len(named))
	for name := range named {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
