import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.javarosa.core.model.actions.setgeopoint.SetGeopointAction;
import org.javarosa.core.model.actions.setgeopoint.SetGeopointActionHandler;
import org.javarosa.core.model.condition.EvaluationContext;
import org.javarosa.core.model.condition.IFunctionHandler;
import org.javarosa.core.model.instance.CsvExternalInstance;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.reference.PrefixedRootFactory;
import org.javarosa.core.reference.Reference;
import org.javarosa.core.reference.ReferenceManager;
import org.javarosa.core.services.IPropertyManager;
import org.javarosa.core.services.PropertyManager;
import org.javarosa.core.services.properties.IPropertyRules;
import org.javarosa.xform.parse.XFormParser;
import org.javarosa.xpath.expr.XPathFuncExpr;

/** What a phone brings to a form: its answers about itself, its position, the files beside the form. */
final class Phone {
    private Phone() {}

    /** Makes this the phone of all forms that are parsed from now on. */
    static void switchOn(Path attachments) {
        PropertyManager.setPropertyManager(new Properties());
        ReferenceManager.instance().addReferenceFactory(new Folder(attachments));
        XFormParser.registerActionHandler(
            SetGeopointActionHandler.ELEMENT_NAME,
            new SetGeopointActionHandler() {
                @Override
                public SetGeopointAction getSetGeopointAction() {
                    return new Position();
                }
            });
    }

    /** `pulldata('prices', 'price', 'name', key)`, which Collect adds to JavaRosa: looks up a CSV. */
    static final class PullData implements IFunctionHandler {
        private final Path attachments;

        PullData(Path attachments) {
            this.attachments = attachments;
        }

        @Override
        public String getName() {
            return "pulldata";
        }

        @Override
        @SuppressWarnings("rawtypes")
        public List<Class[]> getPrototypes() {
            return Collections.emptyList();
        }

        @Override
        public boolean rawArgs() {
            return true;
        }

        @Override
        public boolean realTime() {
            return false;
        }

        @Override
        public Object eval(Object[] args, EvaluationContext context) {
            TreeElement table = table(args[0] + ".csv");
            String key = XPathFuncExpr.toString(args[3]);
            for (int row = 0; row < table.getNumChildren(); row++) {
                TreeElement item = table.getChildAt(row);
                if (key.equals(cell(item, args[2]))) {
                    return cell(item, args[1]);
                }
            }
            return "";
        }

        private TreeElement table(String name) {
            try {
                return new CsvExternalInstance().parse(name, attachments.resolve(name).toString());
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }

        private static String cell(TreeElement item, Object column) {
            TreeElement cell = item.getChild(String.valueOf(column), 0);
            return cell == null || cell.getValue() == null ? "" : cell.getValue().getDisplayText();
        }
    }

    /** Fills a question that wants the position without asking: at once, where a real phone waits. */
    static final class Position extends SetGeopointAction {
        @Override
        public void requestLocationUpdates() {
            saveLocationValue("31.95 104.35 610 4.5");
        }
    }

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
