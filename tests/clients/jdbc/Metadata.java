import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a JDBC tool asks before it shows anything. */
final class Metadata {
    interface Question {
        ResultSet ask(DatabaseMetaData about) throws SQLException;
    }

    static final Map<String, Client.Scenario> ALL = new LinkedHashMap<>();

    static {
        ask("schemas", about -> about.getSchemas());
        ask("catalogs", about -> about.getCatalogs());
        ask("table types", about -> about.getTableTypes());
        ask("tables", about -> about.getTables(null, "patents", "%", new String[] {"TABLE", "VIEW"}));
        ask("tables by pattern", about -> about.getTables("spark_catalog", "%", "k_nds", null));
        ask("columns", about -> about.getColumns(null, "clients", "kinds", "%"));
        ask("columns of all tables", about -> about.getColumns(null, "patents", "%", "%"));
        ask("primary keys", about -> about.getPrimaryKeys(null, "patents", "patent"));
        ask("indexes", about -> about.getIndexInfo(null, "patents", "patent", false, true));
        ask("imported keys", about -> about.getImportedKeys(null, "patents", "cpc"));
        ask("table privileges", about -> about.getTablePrivileges(null, "clients", "kinds"));
        ask("best row", about -> about.getBestRowIdentifier(null, "clients", "kinds", 0, true));
        ask("types", about -> about.getTypeInfo());
        ask("functions", about -> about.getFunctions(null, "pg_catalog", "date_%"));
        ask("function columns", about -> about.getFunctionColumns(null, "pg_catalog", "date_trunc", "%"));
        ask("procedures", about -> about.getProcedures(null, "pg_catalog", "%"));
        ALL.put("metadata: words", connection -> {
            DatabaseMetaData about = connection.getMetaData();
            return new String[] {
                about.getDatabaseProductName(),
                String.valueOf(about.getDatabaseMajorVersion()),
                about.getSQLKeywords(),
                about.getUserName(),
                String.valueOf(about.getDefaultTransactionIsolation()),
                String.valueOf(about.getMaxColumnNameLength()),
                String.valueOf(connection.getTransactionIsolation()),
                connection.getSchema(),
                connection.getCatalog(),
            };
        });
    }

    private Metadata() {}

    private static void ask(String name, Question question) {
        ALL.put("metadata: " + name, connection -> Results.of(question.ask(connection.getMetaData())));
    }
}
