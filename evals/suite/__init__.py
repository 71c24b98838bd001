"""Cases played through the same door as the bot, and the judgement on what came of them."""
