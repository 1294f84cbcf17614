import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.properties.IPropertyRules;

/** What a phone tells the form about itself, and where it keeps the files beside a form. */
final class Phone {
    private Phone() {}

    /** The phone's own answers to `username`, `deviceid` and so on. */
    static final class Properties implements IPropertyManager {
        private static final Map<String, String> TOLD =
            Map.of("deviceid", "collect:walk", "username", "walker", "email", "walker@example.org");

        @Override
        public String getSingularProperty(String name) {
            return TOLD.get(name);
        }

        @Override
        public List<String> getProperty(String name) {
            return TOLD.containsKey(name) ? List.of(TOLD.get(name)) : Collections.emptyList();
        }

        @Override
        public void setProperty(String name, String value) {
            // The finished form writes back what it was told: nothing new.
        }

        @Override
        public void setProperty(String name, List<String> value) {
            setProperty(name, value.get(0));
        }

        @Override
        public void addRules(IPropertyRules rules) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<IPropertyRules> getRules() {
            return Collections.emptyList();
        }
    }

    /** The files beside a form: jr://file-csv/villages.csv is villages.csv in one folder, as on a phone. */
    static final class Folder extends PrefixedRootFactory {
        private final Path folder;

        Folder(Path folder) {
            super(new String[] {"file", "file-csv", "images", "audio", "video"});
            this.folder = folder;
        }

        @Override
        protected Reference factory(String terminal, String uri) {
            return new Attachment(folder.resolve(Paths.get(terminal).getFileName()).toFile(), uri);
        }
    }

    static final class Attachment implements Reference {
        private final File file;
        private final String uri;

        Attachment(File file, String uri) {
            this.file = file;
            this.uri = uri;
        }

        @Override
        public boolean doesBinaryExist() {
            return file.exists();
        }

        @Override
        public InputStream getStream() throws IOException {
            return Files.newInputStream(file.toPath());
        }

        @Override
        public String getURI() {
            return uri;
        }

        @Override
        public String getLocalURI() {
            return file.getAbsolutePath();
        }

        @Override
        public boolean isReadOnly() {
            return true;
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            throw new NoSuchFileException(uri);
        }

        @Override
        public void remove() throws IOException {
            throw new NoSuchFileException(uri);
        }

        @Override
        public Reference[] probeAlternativeReferences() {
            return new Reference[0];
        }
    }
}
