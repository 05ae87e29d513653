import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * What a Java program sees through pgjdbc, one JSON line for each thing tried: {"name": ..., "result": ...}.
 *
 * Reads {"queries": {name: sql}, "statements": {name: {sql, types, rows}}} from standard input and connects to where
 * PGHOST, PGPORT, PGUSER and PGDATABASE say.
 */
public final class Client {
    interface Scenario {
        Object run(Connection connection) throws Exception;
    }

    private static final Gson GSON =
            new GsonBuilder().serializeNulls().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();

    public static void main(String[] arguments) throws Exception {
        JsonObject job =
                JsonParser.parseReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).getAsJsonObject();
        try (Connection simple = connect("preferQueryMode", "simple");
                Connection binary = connect("prepareThreshold", "-1")) {
            for (Map.Entry<String, JsonElement> query : job.getAsJsonObject("queries").entrySet()) {
                String sql = query.getValue().getAsString();
                report("simple: " + query.getKey(), simple, connection -> plain(connection, sql));
                report("binary: " + query.getKey(), binary, connection -> prepared(connection, sql));
            }
            report("typed values", binary, Client::typedValues);
        }
        try (Connection connection = connect("prepareThreshold", "5")) {
            for (Map.Entry<String, JsonElement> entry : job.getAsJsonObject("statements").entrySet()) {
                JsonObject statement = entry.getValue().getAsJsonObject();
                report("parameters: " + entry.getKey(), connection, c -> everyRow(c, statement));
            }
        }
        for (Map<String, Scenario> scenarios : List.of(Scenarios.ALL, Metadata.ALL)) {
            for (Map.Entry<String, Scenario> scenario : scenarios.entrySet()) {
                try (Connection connection = connect()) {
                    report(scenario.getKey(), connection, scenario.getValue());
                }
            }
        }
    }

    /** A connection with pairs of pgjdbc's properties. */
    static Connection connect(String... properties) throws SQLException {
        Map<String, String> place = System.getenv();
        Properties all = new Properties();
        all.setProperty("user", place.get("PGUSER"));
        for (int i = 0; i < properties.length; i += 2) {
            all.setProperty(properties[i], properties[i + 1]);
        }
        String address = place.get("PGHOST") + ":" + place.get("PGPORT") + "/" + place.get("PGDATABASE");
        return DriverManager.getConnection("jdbc:postgresql://" + address, all);
    }

    private static void report(String name, Connection connection, Scenario scenario) throws Exception {
        Object result;
        try {
            result = scenario.run(connection);
        } catch (SQLException error) {
            result = Results.error(error);
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("name", name);
        line.put("result", result);
        System.out.write((GSON.toJson(line) + "\n").getBytes(StandardCharsets.UTF_8));
        System.out.flush();
    }

    private static Object plain(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return Results.of(statement.executeQuery(sql));
        }
    }

    private static Object prepared(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            return Results.of(statement.executeQuery());
        }
    }

    /** java.time's classes, asked for by name, out of binary values. */
    private static Object typedValues(Connection connection) throws SQLException {
        List<Object> rows = new ArrayList<>();
        String sql = "SELECT day, moment, instant, huge, id FROM clients.kinds ORDER BY id";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            var results = statement.executeQuery();
            while (results.next()) {
                rows.add(List.of(
                        String.valueOf(results.getObject(1, java.time.LocalDate.class)),
                        String.valueOf(results.getObject(2, java.time.LocalDateTime.class)),
                        String.valueOf(results.getObject(3, java.time.OffsetDateTime.class)),
                        String.valueOf(results.getBigDecimal(4)),
                        results.getInt(5)));
            }
        }
        return rows;
    }

    /** One prepared statement, executed with each row of values. */
    private static Object everyRow(Connection connection, JsonObject statement) throws SQLException {
        List<Object> results = new ArrayList<>();
        Placeholders sql = Placeholders.of(statement.get("sql").getAsString());
        JsonArray types = statement.getAsJsonArray("types");
        try (PreparedStatement prepared = connection.prepareStatement(sql.text())) {
            for (JsonElement row : statement.getAsJsonArray("rows")) {
                for (int i = 0; i < sql.numbers().size(); i++) {
                    int number = sql.numbers().get(i);
                    Parameters.set(
                            prepared, i + 1, types.get(number - 1).getAsString(), row.getAsJsonArray().get(number - 1));
                }
                try {
                    results.add(Results.of(prepared.executeQuery()));
                } catch (SQLException error) {
                    results.add(Results.error(error));
                }
            }
        }
        return results;
    }
}
