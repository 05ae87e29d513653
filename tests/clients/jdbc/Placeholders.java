import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** SQL with JDBC's `?` in the place of `$n`, and which n each of them was. */
record Placeholders(String text, List<Integer> numbers) {
    private static final Pattern NUMBERED = Pattern.compile("\\$(\\d+)");

    static Placeholders of(String sql) {
        List<Integer> numbers = new ArrayList<>();
        Matcher matcher = NUMBERED.matcher(sql);
        String text = matcher.replaceAll(found -> {
            numbers.add(Integer.valueOf(found.group(1)));
            return "?";
        });
        return new Placeholders(text, numbers);
    }
}
