import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;

/** What a driver does beside running a statement and reading all its rows.  Each has a connection of its own. */
final class Scenarios {
    static final Map<String, Client.Scenario> ALL = new LinkedHashMap<>();

    /** Takes minutes on either engine. */
    private static final String LONG = "SELECT count(*) FROM cpc a, inventor b WHERE a.cpc_code < b.name";

    private static final String MANY = "SELECT patent_id, cpc_code FROM cpc ORDER BY patent_id, cpc_code, sequence";

    static {
        ALL.put("switch to binary", Scenarios::switchToBinary);
        ALL.put("fetch size", Scenarios::fetchSize);
        ALL.put("two portals in turn", Scenarios::twoPortals);
        ALL.put("portal ends with its transaction", Scenarios::portalEnds);
        ALL.put("maximum of rows", Scenarios::maxRows);
        ALL.put("cancel", Scenarios::cancel);
        ALL.put("query timeout", Scenarios::queryTimeout);
        ALL.put("statement timeout", Scenarios::statementTimeout);
        ALL.put("copy as text", c -> copyOut(c, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT"));
        ALL.put(
                "copy as csv",
                c -> copyOut(c, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT (FORMAT csv, HEADER)"));
        ALL.put(
                "copy as binary",
                c -> copyOut(c, "COPY (SELECT * FROM clients.kinds ORDER BY id) TO STDOUT (FORMAT binary)"));
        ALL.put("copy of an error", c -> copyOut(c, "COPY (SELECT nothing FROM patent) TO STDOUT"));
        ALL.put("copy in", Scenarios::copyIn);
        ALL.put("java.sql classes", Scenarios::classesOfJavaSql);
        ALL.put("batch of selects", Scenarios::batchOfSelects);
        ALL.put("batch of inserts", Scenarios::batchOfInserts);
        ALL.put("failed transaction", Scenarios::failedTransaction);
        ALL.put("savepoints", Scenarios::savepoints);
        ALL.put("several statements", Scenarios::severalStatements);
        ALL.put("read only", Scenarios::readOnly);
        ALL.put("time zone", Scenarios::timeZone);
        ALL.put("validity", connection -> connection.isValid(5));
    }

    private Scenarios() {}

    /** The same statement nine times: in text, and in binary from when pgjdbc names it on the server. */
    private static Object switchToBinary(Connection connection) throws SQLException {
        List<Object> all = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM clients.kinds ORDER BY id")) {
            for (int i = 0; i < 9; i++) {
                boolean named = statement.unwrap(PGStatement.class).isUseServerPrepare();
                all.add(List.of(named, Results.of(statement.executeQuery())));
            }
        }
        return all;
    }

    private static Object fetchSize(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        List<Object> all = new ArrayList<>();
        for (int size : new int[] {1, 7, 100}) {
            try (PreparedStatement statement = connection.prepareStatement(MANY)) {
                statement.setFetchSize(size);
                try (ResultSet results = statement.executeQuery()) {
                    all.add(Results.rows(results, 3 * size + 1));
                }
            }
        }
        connection.commit();
        return all;
    }

    private static Object twoPortals(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        List<Object> all = new ArrayList<>();
        try (Statement first = connection.createStatement();
                Statement second = connection.createStatement()) {
            first.setFetchSize(5);
            second.setFetchSize(3);
            ResultSet cpc = first.executeQuery(MANY);
            ResultSet kinds = second.executeQuery("SELECT * FROM clients.kinds ORDER BY id");
            for (int i = 0; i < 3; i++) {
                all.add(Results.rows(cpc, 6));
                all.add(Results.rows(kinds, 2));
            }
        }
        connection.rollback();
        return all;
    }

    private static Object portalEnds(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(2);
            ResultSet results = statement.executeQuery(MANY);
            results.next();
            connection.commit();
            return Results.rows(results, 5);
        }
    }

    private static Object maxRows(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setMaxRows(4);
            return Results.of(statement.executeQuery(MANY));
        }
    }

    private static Object cancel(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            Thread canceller = new Thread(() -> {
                try {
                    Thread.sleep(1500);
                    statement.cancel();
                } catch (Exception error) {
                    throw new IllegalStateException(error);
                }
            });
            canceller.start();
            Object ended = ended(statement, LONG);
            canceller.join();
            return List.of(ended, alive(connection));
        }
    }

    private static Object queryTimeout(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            return List.of(ended(statement, LONG), alive(connection));
        }
    }

    private static Object statementTimeout(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET statement_timeout = 3000");
            Object ended = ended(statement, LONG);
            statement.execute("RESET statement_timeout");
            return List.of(ended, alive(connection));
        }
    }

    private static Object copyOut(Connection connection, String sql) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            long rows = connection.unwrap(PGConnection.class).getCopyAPI().copyOut(sql, bytes);
            String copied = sql.contains("binary")
                    ? HexFormat.of().formatHex(bytes.toByteArray())
                    : bytes.toString(StandardCharsets.UTF_8);
            return List.of(rows, copied, alive(connection));
        } catch (SQLException error) {
            return List.of(Results.error(error), alive(connection));
        }
    }

    private static Object copyIn(Connection connection) throws Exception {
        try {
            connection.unwrap(PGConnection.class).getCopyAPI().copyIn("COPY patent FROM STDIN");
            return "copied";
        } catch (SQLException error) {
            return List.of(Results.error(error), alive(connection));
        }
    }

    /** Timestamp and Date go without a type, for the server to find; the calendar's zone goes into the text. */
    private static Object classesOfJavaSql(Connection connection) throws SQLException {
        List<Object> all = new ArrayList<>();
        Timestamp moment = Timestamp.from(Instant.parse("2024-02-29T12:34:56.789012Z"));
        String sql = "SELECT id, instant FROM clients.kinds WHERE %s = ? ORDER BY id";
        for (String zone : new String[] {"UTC", "Asia/Kolkata", "America/New_York"}) {
            Calendar calendar = Calendar.getInstance(TimeZone.getTimeZone(zone));
            for (String column : new String[] {"instant", "moment"}) {
                try (PreparedStatement statement = connection.prepareStatement(String.format(sql, column))) {
                    statement.setTimestamp(1, moment, calendar);
                    all.add(Results.of(statement.executeQuery()));
                }
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(String.format(sql, "day"))) {
            statement.setDate(1, java.sql.Date.valueOf("2024-02-29"));
            all.add(Results.of(statement.executeQuery()));
        }
        return all;
    }

    private static Object batchOfSelects(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.addBatch("SELECT id FROM clients.kinds");
            statement.addBatch("SELECT 1");
            return List.of(batch(statement), alive(connection));
        }
    }

    private static Object batchOfInserts(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO patent (title) VALUES (?)")) {
            for (int i = 0; i < 3; i++) {
                statement.setString(1, "title " + i);
                statement.addBatch();
            }
            return List.of(batch(statement), alive(connection));
        }
    }

    private static Object batch(Statement statement) {
        try {
            return statement.executeBatch();
        } catch (SQLException error) {
            return Results.error(error);
        }
    }

    private static Object failedTransaction(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        List<Object> all = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            all.add(ended(statement, "SELECT nothing FROM patent"));
            all.add(ended(statement, "SELECT count(*) FROM patent"));
            connection.rollback();
            all.add(ended(statement, "SELECT count(*) FROM patent"));
            connection.commit();
        }
        return all;
    }

    private static Object savepoints(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        List<Object> all = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            var savepoint = connection.setSavepoint("here");
            all.add(ended(statement, "SELECT nothing FROM patent"));
            connection.rollback(savepoint);
            all.add(ended(statement, "SELECT count(*) FROM patent"));
            connection.releaseSavepoint(savepoint);
            connection.commit();
        }
        return all;
    }

    private static Object severalStatements(Connection connection) throws SQLException {
        List<Object> all = new ArrayList<>();
        String sql = "SELECT count(*) FROM patent; SET application_name = 'several'; SELECT 1; SHOW application_name";
        try (Statement statement = connection.createStatement()) {
            boolean rows = statement.execute(sql);
            while (rows || statement.getUpdateCount() != -1) {
                all.add(rows ? Results.of(statement.getResultSet()) : statement.getUpdateCount());
                rows = statement.getMoreResults();
            }
        }
        return all;
    }

    private static Object readOnly(Connection connection) throws SQLException {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        return List.of(connection.isReadOnly(), connection.getTransactionIsolation(), alive(connection));
    }

    private static Object timeZone(Connection connection) throws SQLException {
        List<Object> all = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            for (String zone : new String[] {"UTC", "Asia/Kolkata", "America/New_York", "-03:30"}) {
                statement.execute("SET TimeZone = '" + zone + "'");
                all.add(Results.of(statement.executeQuery("SELECT id, instant FROM clients.kinds ORDER BY id")));
            }
        }
        return all;
    }

    private static Object ended(Statement statement, String sql) {
        long begun = System.nanoTime();
        try {
            return Results.of(statement.executeQuery(sql));
        } catch (SQLException error) {
            boolean soon = System.nanoTime() - begun < 8_000_000_000L;
            return List.of(Results.error(error), soon);
        }
    }

    private static Object alive(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return Results.of(statement.executeQuery("SELECT count(*) AS alive FROM clients.kinds"));
        }
    }
}
