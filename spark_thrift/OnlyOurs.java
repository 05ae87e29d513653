package streamlink;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import javax.security.sasl.AuthenticationException;
import org.apache.hive.service.auth.PasswdAuthenticationProvider;

/**
 * Lets in whoever knows the password that this process was given on its standard input: see password.py.
 * Janino compiles it, which knows neither lambdas nor generics' newer forms.
 */
public final class OnlyOurs implements PasswdAuthenticationProvider {
    private static final byte[] PASSWORD = read();

    private static byte[] read() {
        try {
            return System.in.readAllBytes();
        } catch (IOException error) {
            throw new IllegalStateException("the password cannot be read", error);
        }
    }

    public void Authenticate(String user, String password) throws AuthenticationException {
        byte[] given = password.getBytes(StandardCharsets.UTF_8);
        if (PASSWORD.length == 0 || !MessageDigest.isEqual(PASSWORD, given)) {
            throw new AuthenticationException("the password is wrong");
        }
    }
}
