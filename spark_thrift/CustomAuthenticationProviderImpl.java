package org.apache.hive.service.auth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import javax.security.sasl.AuthenticationException;

/**
 * Lets in whoever knows the password that this process was given on its standard input: see password.py.
 * It has the name of the class that Hive makes at each login, which would read Hive's whole configuration anew to find
 * ours: 15 ms a session.  Janino compiles it, which knows no lambdas.
 */
final class CustomAuthenticationProviderImpl implements PasswdAuthenticationProvider {
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
