import java.sql.*;

/** Asks the endpoint as the official JDBC driver does by default, and in its other ways to compress. */
public class Main {
  public static void main(String[] where) throws Exception {
    for (String how : new String[] {"", "?compress=0", "?client.use_http_compression=true", "?decompress=1"}) {
      try (Connection connection = DriverManager.getConnection("jdbc:clickhouse://" + where[0] + how)) {
        System.out.println("driver " + many(connection) + " " + cut(connection) + " " + columns(connection));
        try (Statement statement = connection.createStatement()) {
          statement.executeUpdate("INSERT INTO epochs (epoch) VALUES (1)");
          System.out.println("written true");
        } catch (SQLException refused) {
          System.out.println("written false");
        }
      }
    }
  }

  static int many(Connection connection) throws SQLException {
    String asked = "SELECT number, toString(number) FROM numbers(20000) WHERE number < ?";
    try (PreparedStatement statement = connection.prepareStatement(asked)) {
      statement.setInt(1, 10000);
      return count(statement.executeQuery());
    }
  }

  static int cut(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setMaxRows(5);
      statement.setQueryTimeout(60);
      return count(statement.executeQuery("SELECT number FROM numbers(10)"));
    }
  }

  static boolean columns(Connection connection) throws SQLException {
    return count(connection.getMetaData().getColumns(null, "gapwatch", "findings", "%")) > 5;
  }

  static int count(ResultSet rows) throws SQLException {
    int many = 0;
    while (rows.next()) many++;
    return many;
  }
}
