import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.javarosa.core.model.Constants;
import org.javarosa.core.model.RangeQuestion;
import org.javarosa.core.model.SelectChoice;
import org.javarosa.core.model.data.AnswerDataFactory;
import org.javarosa.core.model.data.DateData;
import org.javarosa.core.model.data.DateTimeData;
import org.javarosa.core.model.data.IAnswerData;
import org.javarosa.core.model.data.MultipleItemsData;
import org.javarosa.core.model.data.SelectMultiData;
import org.javarosa.core.model.data.SelectOneData;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.data.TimeData;
import org.javarosa.core.model.data.UncastData;
import org.javarosa.core.model.data.helper.Selection;
import org.javarosa.form.api.FormEntryPrompt;

/** Thinks up answers that could be right for a question: its constraint decides which is. */
final class Guess {
    private static final String[] SURNAMES = {"王", "李", "张", "刘", "陈", "杨", "阿依", "扎西", "降巴"};
    private static final String[] GIVEN = {"秀英", "建国", "桂兰", "志强", "小梅", "卓玛", "木果", "平", "𠮷"};
    private static final String[] WORDS = {"一组", "老屋基", "无", "O'Neil & <Söhne>", "two words", "东—西", "x", "12"};
    private static final int[] REACH = {1, 5, 12, 100, 300, 3_000, 30_000};

    private final Random random;
    private final Map<String, List<String>> answers;
    /** Days answered already: other dates are often near one of them. */
    private final List<LocalDate> days = new ArrayList<>(List.of(LocalDate.now()));

    Guess(Random random, Map<String, List<String>> answers) {
        this.random = random;
        this.answers = answers;
    }

    /** Returns an answer to try, wilder from attempt to attempt; null where there is nothing to choose. */
    IAnswerData next(FormEntryPrompt prompt, int attempt) {
        List<String> known = answers.get(prompt.getIndex().getReference().getNameLast());
        if (known != null && attempt < 20) {
            return exactly(prompt, pick(known));
        }
        switch (prompt.getControlType()) {
            case Constants.CONTROL_SELECT_ONE:
                return one(prompt.getSelectChoices());
            case Constants.CONTROL_SELECT_MULTI:
                return several(prompt.getSelectChoices(), 3);
            case Constants.CONTROL_RANK:
                return several(prompt.getSelectChoices(), Integer.MAX_VALUE);
            case Constants.CONTROL_TRIGGER:
                return new StringData("OK");
            case Constants.CONTROL_RANGE:
                return inRange(prompt);
            case Constants.CONTROL_IMAGE_CHOOSE:
                return new StringData(random.nextInt(1_000_000) + ".jpg");
            case Constants.CONTROL_AUDIO_CAPTURE:
                return new StringData(random.nextInt(1_000_000) + ".m4a");
            case Constants.CONTROL_VIDEO_CAPTURE:
                return new StringData(random.nextInt(1_000_000) + ".mp4");
            case Constants.CONTROL_FILE_CAPTURE:
            case Constants.CONTROL_OSM_CAPTURE:
            case Constants.CONTROL_UPLOAD:
                return new StringData(random.nextInt(1_000_000) + ".pdf");
            default:
                return typed(prompt, attempt);
        }
    }

    /** Returns the answer that a text stands for; null when a choice of it is not offered. */
    IAnswerData exactly(FormEntryPrompt prompt, String text) {
        if (prompt.getControlType() == Constants.CONTROL_SELECT_ONE) {
            List<Selection> chosen = chosen(prompt, text);
            return chosen.size() == 1 ? new SelectOneData(chosen.get(0)) : null;
        }
        if (prompt.getControlType() == Constants.CONTROL_SELECT_MULTI) {
            List<Selection> chosen = chosen(prompt, text);
            return chosen.size() == text.split(" ").length ? new SelectMultiData(chosen) : null;
        }
        IAnswerData shape = AnswerDataFactory.templateByDataType(prompt.getDataType());
        return shape.cast(new UncastData(text));
    }

    /** Says whether what was chosen is still among the choices; true for what is not chosen from a list. */
    boolean isOffered(FormEntryPrompt prompt, IAnswerData now) {
        List<SelectChoice> choices = prompt.getSelectChoices();
        boolean isOne = prompt.getControlType() == Constants.CONTROL_SELECT_ONE;
        if (choices == null || !(isOne || prompt.getControlType() == Constants.CONTROL_SELECT_MULTI)) {
            return true;
        }
        List<String> offered = choices.stream().map(SelectChoice::getValue).collect(Collectors.toList());
        return offered.containsAll(Arrays.asList(now.uncast().getString().split(" ")));
    }

    private List<Selection> chosen(FormEntryPrompt prompt, String text) {
        List<String> names = Arrays.asList(text.split(" "));
        return prompt.getSelectChoices().stream()
            .filter(choice -> names.contains(choice.getValue()))
            .map(SelectChoice::selection)
            .collect(Collectors.toList());
    }

    private IAnswerData one(List<SelectChoice> choices) {
        return choices == null || choices.isEmpty() ? null : new SelectOneData(pick(choices).selection());
    }

    private IAnswerData several(List<SelectChoice> choices, int most) {
        if (choices == null || choices.isEmpty()) {
            return null;
        }
        List<SelectChoice> shuffled = new ArrayList<>(choices);
        Collections.shuffle(shuffled, random);
        int size = most > choices.size() ? choices.size() : 1 + random.nextInt(most);
        List<Selection> picked =
            shuffled.stream().limit(size).map(SelectChoice::selection).collect(Collectors.toList());
        return most == Integer.MAX_VALUE ? new MultipleItemsData(picked) : new SelectMultiData(picked);
    }

    private IAnswerData inRange(FormEntryPrompt prompt) {
        RangeQuestion range = (RangeQuestion) prompt.getQuestion();
        int steps = range.getRangeEnd().subtract(range.getRangeStart())
            .divideToIntegralValue(range.getRangeStep()).intValue();
        String value = range.getRangeStart()
            .add(range.getRangeStep().multiply(new java.math.BigDecimal(random.nextInt(Math.abs(steps) + 1))))
            .toPlainString();
        return exactly(prompt, value);
    }

    private IAnswerData typed(FormEntryPrompt prompt, int attempt) {
        switch (prompt.getDataType()) {
            case Constants.DATATYPE_INTEGER:
            case Constants.DATATYPE_LONG:
                return exactly(prompt, String.valueOf(number()));
            case Constants.DATATYPE_DECIMAL:
                return exactly(prompt, String.valueOf(number() + random.nextInt(100) / 100.0));
            case Constants.DATATYPE_DATE:
                return new DateData(at(day().atStartOfDay()));
            case Constants.DATATYPE_DATE_TIME:
                return new DateTimeData(at(day().atTime(random.nextInt(24), random.nextInt(60))));
            case Constants.DATATYPE_TIME:
                return new TimeData(at(LocalDate.now().atTime(random.nextInt(24), random.nextInt(60))));
            case Constants.DATATYPE_GEOPOINT:
                return exactly(prompt, point());
            case Constants.DATATYPE_GEOTRACE:
                return exactly(prompt, String.join("; ", point(), point(), point()));
            case Constants.DATATYPE_GEOSHAPE:
                String first = point();
                return exactly(prompt, String.join("; ", first, point(), point(), first));
            case Constants.DATATYPE_BINARY:
                return new StringData(random.nextInt(1_000_000) + ".jpg");
            default:
                return new StringData(text());
        }
    }

    private long number() {
        int reach = REACH[random.nextInt(REACH.length)];
        // Years are asked for often, and 30,000 numbers hold few of them.
        return random.nextInt(8) == 0 ? 1930 + random.nextInt(95) : random.nextInt(reach + 1);
    }

    private LocalDate day() {
        int reach = REACH[random.nextInt(REACH.length)];
        int distance = random.nextInt(reach + 1);
        return pick(days).plusDays(random.nextInt(3) == 0 ? distance : -distance);
    }

    /** Remembers a day that was taken as an answer. */
    void took(IAnswerData taken) {
        if (taken instanceof DateData) {
            days.add(LocalDate.ofInstant(((Date) taken.getValue()).toInstant(), ZoneId.systemDefault()));
        }
    }

    private static Date at(LocalDateTime moment) {
        return Date.from(moment.atZone(ZoneId.systemDefault()).toInstant());
    }

    private String point() {
        double latitude = 31.9 + random.nextInt(1000) / 10_000.0;
        double longitude = 104.3 + random.nextInt(1000) / 10_000.0;
        return String.format("%.6f %.6f %.1f %.1f", latitude, longitude, 600 + 9.5, 1 + random.nextInt(200) / 10.0);
    }

    private String text() {
        switch (random.nextInt(5)) {
            case 0:
                return WORDS[random.nextInt(WORDS.length)];
            case 1:
                return "1" + (3 + random.nextInt(7)) + digits(9);
            case 2:
                return "H" + digits(6);
            case 3:
                return digits(1 + random.nextInt(12));
            default:
                return SURNAMES[random.nextInt(SURNAMES.length)] + GIVEN[random.nextInt(GIVEN.length)];
        }
    }

    private String digits(int count) {
        return random.ints(count, 0, 10).mapToObj(String::valueOf).collect(Collectors.joining());
    }

    private <T> T pick(List<T> from) {
        return from.get(random.nextInt(from.size()));
    }
}
