import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals a submission as a phone does (openrosa.md C25-C27), by Java's own cryptography: no line and
 * no library shared with the server.
 *
 * Wants: the public key in base64, form id, version ("" for none), instance id, the folder to write
 * to, the file of the answers, then the media files in order. Writes envelope.xml and the .enc files.
 */
public final class Seal {
    private static final OAEPParameterSpec OAEP =
            new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);

    private final PublicKey form;
    private final SecretKeySpec key;
    private final byte[] running;
    private int files;

    private Seal(PublicKey form, String instance) throws Exception {
        this.form = form;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        key = new SecretKeySpec(random, "AES");
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        md5.update(instance.getBytes(StandardCharsets.UTF_8));
        md5.update(random);
        running = md5.digest();
    }

    public static void main(String[] args) throws Exception {
        byte[] der = Base64.getDecoder().decode(args[0]);
        PublicKey form = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(der));
        String id = args[1];
        String version = args[2];
        String instance = args[3];
        Path folder = Path.of(args[4]);
        Path answers = Path.of(args[5]);
        List<Path> media = new ArrayList<>();
        for (int i = 6; i < args.length; i++) {
            media.add(Path.of(args[i]));
        }
        Seal seal = new Seal(form, instance);
        String wrapped = seal.wrap(seal.key.getEncoded());
        StringBuilder signed = new StringBuilder(id).append('\n');
        if (!version.isEmpty()) {
            signed.append(version).append('\n');
        }
        signed.append(wrapped).append('\n').append(instance).append('\n');
        StringBuilder names = new StringBuilder();
        for (Path one : media) {
            seal.file(one, folder, one.getFileName().toString(), signed);
            names.append("<media><file>").append(escaped(one.getFileName().toString())).append(".enc</file></media>");
        }
        seal.file(answers, folder, "submission.xml", signed);
        byte[] digest = MessageDigest.getInstance("MD5").digest(signed.toString().getBytes(StandardCharsets.UTF_8));
        String envelope = "<?xml version=\"1.0\"?><data xmlns=\"http://www.opendatakit.org/xforms/encrypted\""
                + " encrypted=\"yes\" id=\"" + escaped(id) + "\""
                + (version.isEmpty() ? "" : " version=\"" + escaped(version) + "\"")
                + "><base64EncryptedKey>" + wrapped + "</base64EncryptedKey>"
                + "<orx:meta xmlns:orx=\"http://openrosa.org/xforms\"><orx:instanceID>" + instance
                + "</orx:instanceID></orx:meta>" + names
                + "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>"
                + seal.wrap(digest) + "</base64EncryptedElementSignature></data>";
        Files.writeString(folder.resolve("envelope.xml"), envelope);
    }

    private String wrap(byte[] secret) throws Exception {
        Cipher rsa = Cipher.getInstance("RSA/ECB/OAEPPadding");
        rsa.init(Cipher.ENCRYPT_MODE, form, OAEP);
        return Base64.getEncoder().encodeToString(rsa.doFinal(secret));
    }

    private void file(Path from, Path folder, String name, StringBuilder signed) throws Exception {
        byte[] plain = Files.readAllBytes(from);
        running[files % running.length]++;
        files++;
        Cipher aes = Cipher.getInstance("AES/CFB/PKCS5Padding");
        aes.init(Cipher.ENCRYPT_MODE, key, new IvParameterSpec(running));
        Files.write(folder.resolve(name + ".enc"), aes.doFinal(plain));
        byte[] md5 = MessageDigest.getInstance("MD5").digest(plain);
        signed.append(name).append("::").append(HexFormat.of().formatHex(md5)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
