import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Results and errors as plain values that can be compared: each value as text and as the class that pgjdbc makes. */
final class Results {
    private Results() {}

    static Map<String, Object> of(ResultSet results) throws SQLException {
        try (results) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("columns", columns(results.getMetaData()));
            all.put("rows", rows(results, Integer.MAX_VALUE));
            return all;
        }
    }

    static List<Object> columns(ResultSetMetaData columns) throws SQLException {
        List<Object> all = new ArrayList<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            all.add(Arrays.asList(
                    columns.getColumnLabel(i),
                    columns.getColumnTypeName(i),
                    columns.getColumnType(i),
                    columns.getColumnClassName(i),
                    columns.getPrecision(i),
                    columns.getScale(i),
                    columns.getColumnDisplaySize(i),
                    columns.isNullable(i),
                    columns.getTableName(i),
                    columns.getSchemaName(i),
                    ((PGResultSetMetaData) columns).getBaseColumnName(i)));
        }
        return all;
    }

    static List<Object> rows(ResultSet results, int limit) throws SQLException {
        int width = results.getMetaData().getColumnCount();
        List<Object> rows = new ArrayList<>();
        while (rows.size() < limit && results.next()) {
            List<Object> row = new ArrayList<>();
            for (int i = 1; i <= width; i++) {
                row.add(value(results, i));
            }
            rows.add(row);
        }
        return rows;
    }

    private static Object value(ResultSet results, int index) throws SQLException {
        Object object = results.getObject(index);
        if (object == null) {
            return null;
        }
        if (object instanceof byte[] bytes) {
            return Arrays.asList("byte[]", HexFormat.of().formatHex(bytes));
        }
        String text = results.getString(index);
        if (object instanceof Array array) {
            Object[] items = (Object[]) array.getArray();
            return Arrays.asList(text, items.getClass().getSimpleName(), Arrays.deepToString(items));
        }
        return Arrays.asList(text, object.getClass().getSimpleName(), object.toString());
    }

    /** The server's error where there is one behind the driver's. */
    static Map<String, Object> error(SQLException error) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("sqlstate", error.getSQLState());
        fields.put("message", error.getMessage());
        Throwable cause = error instanceof BatchUpdateException ? error.getCause() : error;
        ServerErrorMessage server = cause instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        if (server != null) {
            fields.put("message", server.getMessage());
            fields.put("severity", server.getSeverity());
            fields.put("position", server.getPosition());
        }
        return Map.of("error", fields);
    }
}
