// Asks the endpoint as clickhouse-go does by default, in each of its compressions, and through database/sql.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const asked = "SELECT number, toString(number), [number], map('a', number), toNullable(number) " +
	"FROM numbers(20000) WHERE number < {n:UInt32}"

func read(method clickhouse.CompressionMethod) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Second)
	defer cancel()
	db, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{os.Args[1]}, Protocol: clickhouse.HTTP,
		Settings:    clickhouse.Settings{"max_execution_time": 60},
		Compression: &clickhouse.Compression{Method: method},
	})
	if err != nil {
		return 0, err
	}
	rows, err := db.Query(ctx, asked, clickhouse.Named("n", "10000"))
	if err != nil {
		return 0, err
	}
	many := 0
	for rows.Next() {
		var number uint64
		var text string
		var list []uint64
		var pairs map[string]uint64
		var perhaps *uint64
		if err := rows.Scan(&number, &text, &list, &pairs, &perhaps); err != nil {
			return 0, err
		}
		many++
	}
	return many, rows.Err()
}

func main() {
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD,
		clickhouse.CompressionGZIP, clickhouse.CompressionDeflate, clickhouse.CompressionBrotli,
	} {
		many, err := read(method)
		fmt.Println(method, many, err)
	}
	db, _ := sql.Open("clickhouse", "http://"+os.Args[1]+"/gapwatch")
	var many int
	err := db.QueryRow("SELECT count() FROM findings WHERE uid != $1", "x").Scan(&many)
	fmt.Println("sql", many, err)
	_, err = db.Exec("INSERT INTO epochs (epoch) VALUES (1)")
	fmt.Println("written", err == nil)
}
