import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.FormIndex;
import org.javarosa.core.model.ValidateOutcome;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.instance.InstanceInitializationFactory;
import org.javarosa.core.services.transport.payload.ByteArrayPayload;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;
import org.javarosa.form.api.FormEntryPrompt;
import org.javarosa.model.xform.XFormSerializingVisitor;
import org.javarosa.model.xform.XFormsModule;
import org.javarosa.xform.util.XFormUtils;

/**
 * Fills a form as a person with a phone would, by JavaRosa, the engine inside ODK Collect.
 *
 * <p>Every relevant question is answered at random but validly: required ones always, others mostly.
 * On the way an answer is now and then erased, and a second pass changes some, because people go back.
 * Then the form is validated, finalized and written as Collect would send it.
 *
 * <p>Arguments: form.xml, folder of its attachments, folder to write 0000.xml and so on to, how many,
 * seed, answers.tsv (name, value: what to try for a question), forced.tsv (number of the walk, name or
 * path, value: what must be answered, "" for nothing).
 */
public final class Walk {
    private static final int TRIES = 400;

    private final FormDef form;
    private final FormEntryModel model;
    private final FormEntryController controller;
    private final Random random;
    private final Guess guess;
    private final Map<String, String> forced;

    private Walk(FormDef form, Path attachments, Random random, Guess guess, Map<String, String> forced) {
        this.form = form;
        this.random = random;
        this.guess = guess;
        this.forced = forced;
        model = new FormEntryModel(form);
        controller = new FormEntryController(model);
        controller.addFunctionHandler(new Phone.PullData(attachments));
        form.initialize(true, new InstanceInitializationFactory());
    }

    public static void main(String[] args) throws Exception {
        Path target = Paths.get(args[2]);
        int count = Integer.parseInt(args[3]);
        long seed = Long.parseLong(args[4]);
        Map<String, List<String>> answers = readAnswers(Paths.get(args[5]));
        Map<Integer, Map<String, String>> forced = readForced(Paths.get(args[6]));
        new XFormsModule().registerModule();
        Path attachments = Paths.get(args[1]);
        Phone.switchOn(attachments);
        for (int number = 0; number < count; number++) {
            Random random = new Random(seed * 1_000_003L + number);
            FormDef form = XFormUtils.getFormFromFormXml(args[0], null);
            Map<String, String> must = forced.getOrDefault(number, Collections.emptyMap());
            Walk walk = new Walk(form, attachments, random, new Guess(random, answers), must);
            try {
                Files.write(target.resolve(String.format("%04d.xml", number)), walk.fill());
            } catch (RuntimeException error) {
                throw new IllegalStateException("walk " + number + " of seed " + seed, error);
            }
        }
    }

    private byte[] fill() throws IOException {
        pass(false);
        pass(true);
        ValidateOutcome outcome = form.validate();
        if (outcome != null) {
            throw new IllegalStateException("not valid at the end: " + outcome.failedPrompt.getReference());
        }
        controller.finalizeFormEntry();
        ByteArrayPayload payload =
            (ByteArrayPayload) new XFormSerializingVisitor().createSerializedPayload(form.getMainInstance());
        try (InputStream stream = payload.getPayloadStream()) {
            return stream.readAllBytes();
        }
    }

    /** Goes through the form once; with `again` answers stay unless they no longer fit, or by whim. */
    private void pass(boolean again) {
        controller.jumpToIndex(FormIndex.createBeginningOfFormIndex());
        int event = controller.stepToNextEvent();
        while (event != FormEntryController.EVENT_END_OF_FORM) {
            if (event == FormEntryController.EVENT_QUESTION) {
                look(model.getQuestionPrompt(), again);
            } else if (event == FormEntryController.EVENT_PROMPT_NEW_REPEAT) {
                boolean full = form.getNumRepetitions(model.getFormIndex()) >= 3;
                if (!again && !full && random.nextInt(2) == 0) {
                    controller.newRepeat();
                }
            } else {
                model.getCaptionPrompt().getLongText();
            }
            event = controller.stepToNextEvent();
        }
    }

    private void look(FormEntryPrompt prompt, boolean again) {
        // What the screen would show: labels and hints are worked out too, and may fail.
        prompt.getLongText();
        prompt.getHelpText();
        prompt.getConstraintText();
        String appearance = prompt.getAppearanceHint();
        boolean isTableHead = appearance != null && Arrays.asList(appearance.split(" ")).contains("label");
        if (prompt.isReadOnly() || isTableHead) {
            return;
        }
        IAnswerData now = prompt.getAnswerValue();
        if (again && now != null && stillFits(prompt, now) && random.nextInt(8) != 0) {
            return;
        }
        if (again && now == null && !prompt.isRequired()) {
            return;
        }
        if (now != null || random.nextInt(6) == 0) {
            controller.saveAnswer((IAnswerData) null, false);
        }
        String must = mustBe(prompt);
        if (must != null) {
            force(prompt, must);
        } else if (prompt.isRequired() || random.nextInt(5) != 0) {
            answer(prompt);
        }
    }

    /** Says whether an answer holds now that others have changed, and is still among the choices. */
    private boolean stillFits(FormEntryPrompt prompt, IAnswerData now) {
        return guess.isOffered(prompt, now) && form.evaluateConstraint(prompt.getIndex().getReference(), now);
    }

    private void answer(FormEntryPrompt prompt) {
        for (int attempt = 0; attempt < TRIES; attempt++) {
            IAnswerData candidate = guess.next(prompt, attempt);
            if (candidate != null && isTaken(prompt, candidate)) {
                return;
            }
        }
        if (prompt.isRequired()) {
            throw new IllegalStateException("found no valid answer for " + pathOf(prompt));
        }
    }

    private boolean isTaken(FormEntryPrompt prompt, IAnswerData candidate) {
        if (!form.evaluateConstraint(prompt.getIndex().getReference(), candidate)) {
            return false;
        }
        guess.took(candidate);
        return controller.answerQuestion(candidate, false) == FormEntryController.ANSWER_OK;
    }

    private void force(FormEntryPrompt prompt, String must) {
        if (must.isEmpty() && !prompt.isRequired()) {
            return;
        }
        IAnswerData wanted = guess.exactly(prompt, must);
        if (wanted == null || !isTaken(prompt, wanted)) {
            throw new IllegalStateException(pathOf(prompt) + " cannot be answered with '" + must + "'");
        }
    }

    private String mustBe(FormEntryPrompt prompt) {
        String path = pathOf(prompt);
        return forced.getOrDefault(path, forced.get(path.substring(path.lastIndexOf('/') + 1)));
    }

    /** Returns "member/id18" for the second member's /data/member[2]/id18. */
    private static String pathOf(FormEntryPrompt prompt) {
        String full = prompt.getIndex().getReference().toString(false);
        return full.substring(full.indexOf('/', 1) + 1);
    }

    private static List<String[]> readTable(Path path) throws IOException {
        return Files.readAllLines(path, StandardCharsets.UTF_8).stream()
            .map(line -> line.split("\t", -1))
            .collect(Collectors.toList());
    }

    private static Map<String, List<String>> readAnswers(Path path) throws IOException {
        Map<String, List<String>> answers = new HashMap<>();
        for (String[] line : readTable(path)) {
            answers.computeIfAbsent(line[0], name -> new ArrayList<>()).add(line[1]);
        }
        return answers;
    }

    private static Map<Integer, Map<String, String>> readForced(Path path) throws IOException {
        Map<Integer, Map<String, String>> forced = new HashMap<>();
        for (String[] line : readTable(path)) {
            forced.computeIfAbsent(Integer.valueOf(line[0]), number -> new HashMap<>()).put(line[1], line[2]);
        }
        return forced;
    }
}
