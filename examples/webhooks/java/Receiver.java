import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Receives webhooks of Rostrum: checks who sent them, answers them, and tells repetitions. Java 17 or later.
 *
 * <pre>ROSTRUM_SDKAPPID=88888888 ROSTRUM_WEBHOOK_SECRET=… java Receiver.java</pre>
 *
 * ROSTRUM_WEBHOOK_TOKEN is the text given to `rostrum app set --webhook-token`, if any; PORT is 9000 unless it says
 * otherwise. The two members of an event that it looks at are found without a JSON library, which the JDK does not
 * have; use yours.
 */
public final class Receiver {
    private static final String SDKAPPID = setting("ROSTRUM_SDKAPPID");
    private static final String SECRET = setting("ROSTRUM_WEBHOOK_SECRET");
    private static final String TOKEN = System.getenv().getOrDefault("ROSTRUM_WEBHOOK_TOKEN", "");
    private static final int LONGEST_BODY = 1 << 20;

    /** The newest deliveries. Where it counts, keep them in the database, in the transaction of what they cause. */
    private static final Set<String> SEEN = Collections.synchronizedSet(Collections.newSetFromMap(new Newest()));

    private static final class Newest extends LinkedHashMap<String, Boolean> {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > 10_000;
        }
    }

    /** What is wrong with a webhook; null when it came from the server, just now, and is for this application. */
    static String fault(Map<String, String> query, Headers headers, byte[] body, long now)
            throws GeneralSecurityException {
        if (!SDKAPPID.equals(query.get("SdkAppid"))) return "for another application";
        String sent = headerValue(headers, "X-Rostrum-Timestamp");
        String delivery = headerValue(headers, "X-Rostrum-Delivery");
        if (!isRecent(sent, now)) return "not sent just now";
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(bytes(SECRET), "HmacSHA256"));
        mac.update(bytes(sent + "." + delivery + "." + SDKAPPID + "."));
        String expected = "v1=" + HexFormat.of().formatHex(mac.doFinal(body));
        if (!isSame(expected, headerValue(headers, "X-Rostrum-Signature"))) return "signed with another secret";
        if (!TOKEN.isEmpty()) {
            String asked = query.getOrDefault("RequestTime", "");
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes(TOKEN + asked));
            if (!isRecent(asked, now) || !isSame(HexFormat.of().formatHex(digest), query.getOrDefault("Sign", "")))
                return "signed with another token";
        }
        return null;
    }

    private static boolean isRecent(String seconds, long now) {
        return seconds.matches("[0-9]{1,15}") && Math.abs(now - Long.parseLong(seconds)) <= 300;
    }

    /** In the same time wherever they differ. */
    private static boolean isSame(String one, String other) {
        return MessageDigest.isEqual(bytes(one), bytes(other));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String headerValue(Headers headers, String name) {
        String value = headers.getFirst(name);
        return value == null ? "" : value;
    }

    private static String setting(String name) {
        String value = System.getenv(name);
        if (value == null || value.isEmpty()) throw new IllegalStateException("set " + name);
        return value;
    }

    /** The answer to an event; only "before" webhooks look at it. */
    private static String verdict(String event) {
        String creation = "OfficialAccount.CallbackBeforeCreateOfficialAccount";
        if (creation.equals(member(event, "CallbackCommand")) && member(event, "Name").contains("forbidden"))
            return "{\"ActionStatus\":\"OK\",\"ErrorCode\":120001,\"ErrorInfo\":\"This name is not allowed.\"}";
        return "{\"ActionStatus\":\"OK\",\"ErrorCode\":0,\"ErrorInfo\":\"\"}";
    }

    private static String member(String event, String name) {
        var found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(event);
        return found.find() ? found.group(1) : "";
    }

    private static Map<String, String> query(String text) {
        Map<String, String> query = new HashMap<>();
        for (String pair : text == null ? new String[0] : text.split("&")) {
            String[] parts = pair.split("=", 2);
            if (parts.length == 2)
                query.putIfAbsent(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        return query;
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = bytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static void refuse(HttpExchange exchange, int status, String reason) throws IOException {
        answer(exchange, status, "{\"ActionStatus\":\"FAIL\",\"ErrorCode\":1,\"ErrorInfo\":\"" + reason + "\"}");
    }

    private static void receive(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("POST")) {
                refuse(exchange, 405, "POST");
                return;
            }
            byte[] body = exchange.getRequestBody().readNBytes(LONGEST_BODY + 1);
            if (body.length > LONGEST_BODY) {
                refuse(exchange, 413, "too long");
                return;
            }
            Headers headers = exchange.getRequestHeaders();
            String reason = fault(
                    query(exchange.getRequestURI().getRawQuery()), headers, body, Instant.now().getEpochSecond());
            if (reason != null) {
                refuse(exchange, 401, reason);
                return;
            }
            String event = new String(body, StandardCharsets.UTF_8);
            String delivery = headers.getFirst("X-Rostrum-Delivery");
            if (SEEN.add(delivery)) System.out.println(member(event, "CallbackCommand") + " " + delivery);
            answer(exchange, 200, verdict(event));
        } catch (GeneralSecurityException | RuntimeException error) {
            System.err.println(error);
        }
    }

    public static void main(String[] words) throws IOException {
        int port = Integer.parseInt(System.getenv().getOrDefault("PORT", "9000"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", Receiver::receive);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }
}
