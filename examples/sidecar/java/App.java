// A shop that knows nothing of fleetfoot: PORT=3000 java App.java

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Executors;

public class App {
    public static void main(String[] args) throws Exception {
        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "3000"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 1024);
        var known = Map.of("/", 200, "/orders", 201, "/broken", 500);
        server.createContext("/", exchange -> {
            var path = exchange.getRequestURI().getPath();
            exchange.getRequestBody().readAllBytes();
            var body = ("{\"language\":\"java\",\"path\":\"" + path + "\"}").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.sendResponseHeaders(known.getOrDefault(path, 404), body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(5)));
    }
}
