"""Danger, fraud, contested charges and legal threats go to a person by words alone; near questions do not."""

from __future__ import annotations

import pytest

from prompts import Says, open_prompts

RULES = [rule for rule in open_prompts(None).escalation.rules if rule.to == "person"]


def found(text: str) -> str:
    """Return the first rule that sends a text to a person by its words; empty where none does."""
    return next((r.name for r in RULES if isinstance(r.on, Says) and r.on.phrases.found(text)), "")


@pytest.mark.parametrize(
    "text",
    [
        "The lamp I bought from you caught fire last night while we were asleep",
        "there is smoke coming out of the speaker when I plug it in, what do I do",
        "I got an electric shock from your coffee grinder this morning.",
        "My toddler swallowed the button battery of the remote!!",
        "The gas cooker burned my hand because the handle came off",
        "my dad had an allergic reaction to the cream and was taken to hospital",
        "I just want to end my life, your parcel is the last of my problems",
        "Der Akku ist explodiert, als ich ihn geladen habe.",
        "Aus dem Netzteil kommt dichter Rauch, ist das gefährlich?",
        "Meine Tochter hat sich am Wasserkocher verbrannt und musste ins Krankenhaus",
        "La bouilloire a pris feu hier soir dans la cuisine",
        "Mon fils s'est brûlé avec le réchaud que vous m'avez vendu.",
        "El cargador huele a quemado y sale humo del enchufe",
        "Me quemé la mano con la plancha que os compré",
        "Il tostapane ha preso fuoco mentre lo usavamo",
        "Ho preso la scossa toccando la lampada!",
        "De oplader vloog in brand toen ik sliep",
        "Mijn zoontje heeft een batterij uit het speelgoed ingeslikt",
        "A chaleira pegou fogo e a minha filha queimou-se",
        "Levei um choque elétrico com o candeeiro novo",
        "The heater burst into flames on my desk",
        "It gave me a nasty shock when I touched the plug",
        "The battery of the bike light is swollen and very hot",
        "Das Ladegerät begann zu rauchen, als ich es einsteckte",
        "My wife burned her arm on the oven door that you delivered",
        "Ich habe mir die Finger am Bügeleisen verbrannt",
    ],
)
def test_danger_goes_to_a_person(text: str) -> None:
    assert found(text) == "danger"


@pytest.mark.parametrize(
    "text",
    [
        "I think my account has been hacked, the e-mail address is not mine any more",
        "Somebody used my card details in your shop, I never did",
        "There's an order in my account that I never placed",
        "I fell for a phishing mail that looked like yours and typed in my password",
        "someone got into my account and bought three phones",
        "Ich bin auf einen Betrug hereingefallen und habe denen meine Daten gegeben",
        "Jemand hat mein Konto übernommen und bestellt damit Sachen",
        "Diese Bestellung habe ich nicht aufgegeben! Die Bestellung wurde ohne mein Wissen gemacht.",
        "Mon compte a été piraté ce matin",
        "Je vois une commande que je n'ai pas passée",
        "Alguien ha entrado en mi cuenta y ha comprado un móvil",
        "Me han estafado con un correo que parecía vuestro",
        "Qualcuno ha usato la mia carta sul vostro sito",
        "C'è un ordine che non ho mai fatto nel mio profilo",
        "Mijn account is gehackt en er zijn dingen besteld",
        "Iemand heeft met mijn kaart bij jullie betaald",
        "A minha conta foi hackeada ontem à noite",
        "Alguém usou o meu cartão na vossa loja",
        "I've been hacked, please lock everything",
        "There are three purchases on my profile that I didn't make",
        "Da stehen zwei Bestellungen, die nicht von mir sind",
        "Han usado mi tarjeta para comprar aquí",
        "Someone who claimed to be from your shop asked for my password and I gave it",
        "Da ist ein Fernseher auf meiner Rechnung, den ich nie gekauft habe",
    ],
)
def test_fraud_goes_to_a_person(text: str) -> None:
    assert found(text) == "fraud"


@pytest.mark.parametrize(
    "text",
    [
        "I was charged twice for the same pair of boots",
        "You charged me double, please sort it out",
        "I don't recognise this charge of 49 euros on my statement",
        "There is a payment to you that I never made, I dispute it",
        "you've overcharged me by ten euros",
        "Mir wurde der Betrag zweimal abgebucht.",
        "Auf meinem Auszug ist eine Abbuchung von Ihnen, die ich nicht kenne",
        "J'ai été débité deux fois pour une seule commande",
        "Il y a un prélèvement de votre part que je ne connais pas",
        "Me habéis cobrado dos veces el mismo pedido",
        "Tengo un cargo vuestro que no reconozco",
        "Mi avete addebitato due volte la stessa fattura",
        "Non riconosco questo addebito sulla mia carta",
        "Er is twee keer afgeschreven voor één bestelling",
        "Deze afschrijving herken ik niet",
        "Fui cobrado duas vezes pela mesma compra",
        "Não reconheço esta cobrança no meu extrato",
        "Why did you take 80 euros? You took them from my account and I want them back",
        "I was billed twice this month",
        "Auf der Karte sehe ich eine doppelte Abbuchung",
        "We contest the payment of 12 May and want it reversed",
    ],
)
def test_a_contested_charge_goes_to_a_person(text: str) -> None:
    assert found(text) == "disputed charge"


@pytest.mark.parametrize(
    "text",
    [
        "If the money isn't back by Friday I will sue you",
        "You will be hearing from my lawyer.",
        "Fix this or I'll take this to court",
        "I'm taking legal action against your company",
        "Wenn das Geld morgen nicht da ist, gehe ich zum Anwalt",
        "Ich werde rechtliche Schritte einleiten",
        "Si ce n'est pas réglé demain, je porte plainte",
        "Mon avocat vous écrira cette semaine",
        "Si no me devolvéis el dinero voy a denunciar a la tienda",
        "Mi abogado se pondrá en contacto con ustedes",
        "Se non rispondete, mi rivolgo al mio avvocato e vi faccio causa",
        "Procederò per vie legali",
        "Als dit zo doorgaat stap ik naar de rechter",
        "Mijn advocaat neemt het over",
        "Se não resolverem, vou processar a vossa empresa",
        "O meu advogado vai tratar disto",
        "My lawyers will deal with it from here",
        "Dann sehen wir uns vor Gericht",
        "My next letter goes to the consumer court",
    ],
)
def test_a_legal_threat_goes_to_a_person(text: str) -> None:
    assert found(text) == "legal threat"


@pytest.mark.parametrize(
    "text",
    [
        "Is this text message about a customs fee a scam or is it from you?",
        "How do I recognise a phishing mail?",
        "What should I do to keep my account safe from hackers?",
        "Will I be charged twice if my order comes in two parcels?",
        "When do you charge my card?",
        "I have never placed an order with you before, do I need an account?",
        "I didn't order the blue one, you sent the wrong colour",
        "Can someone change the e-mail address of my account?",
        "Is the tent fire resistant, and may I use a stove in it?",
        "The shoes hurt my toes, can I swap them for a bigger size?",
        "Do you sell smoke detectors and burn cream?",
        "Which of the kettles are part of the recall?",
        "The price of this jacket exploded since last week, why?",
        "I fell for this jacket the moment I saw it, do you have it in green?",
        "Where do I find the court that is responsible for you in the terms?",
        "Can you put my company's name and my VAT number on the invoice?",
        "My father is in hospital, may my neighbour pick up his parcel?",
        "I want to complain about the slow delivery, how does that work?",
        "How far does the light of this torch reach, and does it get hot?",
        "Which of your candles burns on after the wick is short?",
        "The jacket that I bought is not the one in the picture",
        "Woran erkenne ich eine betrügerische Mail?",
        "Wann wird der Betrag von meiner Karte abgebucht?",
        "Kann jemand mein Konto löschen?",
        "Ich habe die Bestellung noch nicht aufgegeben, gilt der Gutschein dann noch?",
        "Muss ich Anzeige erstatten, wenn mir eine Geschenkkarte gestohlen wurde?",
        "Ist der Grill auch auf dem Balkon erlaubt, wenn er raucht?",
        "Quelqu'un peut-il supprimer mon compte ?",
        "Comment reconnaître un faux message de votre part ?",
        "La livraison n'est pas autorisée ce week-end ?",
        "¿Cómo sé si un correo es una estafa?",
        "¿Alguien puede ayudarme a cambiar la dirección de mi cuenta?",
        "¿Cuándo se cobra el pedido en la tarjeta?",
        "Vi segnalo che il link nella mail non funziona",
        "Non ho ancora fatto l'ordine: il buono vale anche domani?",
        "Wanneer wordt het bedrag afgeschreven?",
        "Waar kan ik een klacht indienen?",
        "Kan iemand mij helpen met mijn account?",
        "Como sei se uma mensagem é um golpe?",
        "Ainda não fiz nenhum pedido, preciso de uma conta?",
    ],
)
def test_a_question_near_it_stays(text: str) -> None:
    assert found(text) == ""


def test_only_the_wish_for_a_person_is_one() -> None:
    assert [rule.name for rule in RULES if rule.asked] == ["asks for a person"]
