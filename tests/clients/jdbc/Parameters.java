import com.google.gson.JsonElement;
import java.math.BigDecimal;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** A value of the table of statements as the Java value that pgjdbc's users pass. */
final class Parameters {
    private static final Map<String, Integer> SQL_TYPES = Map.ofEntries(
            Map.entry("bool", Types.BOOLEAN),
            Map.entry("int2", Types.SMALLINT),
            Map.entry("int4", Types.INTEGER),
            Map.entry("int8", Types.BIGINT),
            Map.entry("float4", Types.REAL),
            Map.entry("float8", Types.DOUBLE),
            Map.entry("numeric", Types.NUMERIC),
            Map.entry("text", Types.VARCHAR),
            Map.entry("varchar", Types.VARCHAR),
            Map.entry("bytea", Types.BINARY),
            Map.entry("date", Types.DATE),
            Map.entry("timestamp", Types.TIMESTAMP),
            Map.entry("timestamptz", Types.TIMESTAMP_WITH_TIMEZONE),
            Map.entry("int4[]", Types.ARRAY),
            Map.entry("text[]", Types.ARRAY));

    private Parameters() {}

    static void set(PreparedStatement statement, int index, String type, JsonElement value) throws SQLException {
        if (value.isJsonNull()) {
            if (type.endsWith("[]")) {
                statement.setNull(index, Types.ARRAY, "_" + type.replace("[]", ""));
            } else {
                statement.setNull(index, SQL_TYPES.get(type));
            }
            return;
        }
        switch (type) {
            case "bool" -> statement.setBoolean(index, Boolean.parseBoolean(value.getAsString()));
            case "int2" -> statement.setShort(index, Short.parseShort(value.getAsString()));
            case "int4" -> statement.setInt(index, Integer.parseInt(value.getAsString()));
            case "int8" -> statement.setLong(index, Long.parseLong(value.getAsString()));
            case "float4" -> statement.setFloat(index, Float.parseFloat(value.getAsString()));
            case "float8" -> statement.setDouble(index, Double.parseDouble(value.getAsString()));
            case "numeric" -> statement.setBigDecimal(index, new BigDecimal(value.getAsString()));
            case "text", "varchar" -> statement.setString(index, value.getAsString());
            case "bytea" -> statement.setBytes(index, HexFormat.of().parseHex(value.getAsString()));
            case "date" -> statement.setObject(index, LocalDate.parse(value.getAsString()));
            case "timestamp" -> statement.setObject(index, LocalDateTime.parse(iso(value)));
            case "timestamptz" -> statement.setObject(index, OffsetDateTime.parse(iso(value)));
            case "int4[]", "text[]" -> {
                String element = type.replace("[]", "");
                List<Object> items = new ArrayList<>();
                for (JsonElement item : value.getAsJsonArray()) {
                    String text = item.isJsonNull() ? null : item.getAsString();
                    items.add(text == null || element.equals("text") ? text : (Object) Integer.valueOf(text));
                }
                statement.setArray(index, statement.getConnection().createArrayOf(element, items.toArray()));
            }
            default -> throw new IllegalArgumentException(type);
        }
    }

    private static String iso(JsonElement value) {
        return value.getAsString().replace(' ', 'T');
    }
}
